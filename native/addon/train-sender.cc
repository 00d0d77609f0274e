#include "train-sender.h"

#include <cstring>

#include "send-queue.h"
#include "tcp-connection.h"

namespace tailrace {

/** Bytes built before they leave: a part of the second-level cache, or the kernel reads memory. */
constexpr size_t kArena = 256 * 1024;

struct TrainSender::State {
  State(Rung rung, const MediaSockets& all, SendCounters& sendCounters)
      : sockets(all), counters(sendCounters), arena(new uint8_t[kArena]) {
    for (size_t i = 0; i < sockets.count(); i++) {
      queues.push_back(std::make_unique<SendQueue>(rung, sockets.at(i), counters));
    }
  }

  void drain() {
    for (const auto& queue : queues) queue->flush(patience);
    for (const auto& connection : written) connection->flush();
    written.clear();
    latest = nullptr;
  }

  // Null for an address that is none of ours. Datagrams to one destination come in a row.
  SendQueue* queueOf(const Destination& to) {
    if (&to == latest) return latestQueue;
    const size_t place = sockets.placeOf(to);
    latest = &to;
    latestQueue = place < queues.size() ? queues[place].get() : nullptr;
    return latestQueue;
  }

  // Frames wait for the rest of the turn, as trains do, and leave in the order of the calls.
  void sendFrame(const Destination& to, const uint8_t* datagram, size_t length) {
    const FrameFate fate =
        to.connection ? to.connection->add(datagram, length) : FrameFate::kGone;
    if (fate != FrameFate::kTaken) {
      (fate == FrameFate::kGone ? counters.errors : counters.droppedFull).add(1);
      return;
    }
    counters.datagrams.add(1);
    if (written.empty() || written.back() != to.connection) written.push_back(to.connection);
  }

  const MediaSockets& sockets;
  SendCounters& counters;
  /** In the order of the sockets. */
  std::vector<std::unique_ptr<SendQueue>> queues;
  /** What to flush in the next `drain`. */
  std::vector<std::shared_ptr<TcpConnection>> written;
  /** Until the next `drain`, when destinations may change. */
  const Destination* latest = nullptr;
  SendQueue* latestQueue = nullptr;
  std::unique_ptr<uint8_t[]> arena;
  /** Of the arena. The next datagram is built here, so that trains lie together by themselves. */
  size_t used = 0;
  /** Ms left for waiting until the next `flush` of the owner. */
  double patience = kSendPatience;
};

TrainSender::TrainSender(Rung rung, const MediaSockets& sockets, SendCounters& counters)
    : state_(std::make_unique<State>(rung, sockets, counters)) {}

TrainSender::~TrainSender() = default;

uint8_t* TrainSender::take() {
  State& own = *state_;
  if (own.used + kDatagramRoom > kArena) {
    own.drain();
    own.used = 0;
  }
  return own.arena.get() + own.used;
}

void TrainSender::send(Destination& to, size_t length) {
  State& own = *state_;
  if (length == 0 || length > kDatagramRoom) return;
  if (to.overTcp) {
    own.sendFrame(to, own.arena.get() + own.used, length);
    return;
  }
  SendQueue* const queue = own.queueOf(to);
  uint8_t* datagram = own.arena.get() + own.used;
  if (!queue) {
    own.counters.errors.add(1);
    return;
  }
  if (queue->continues(to, datagram, length)) {
    queue->extend(length);
  } else {
    if (queue->isFull()) {
      own.drain();
      // The whole arena is free again, but for this one.
      std::memmove(own.arena.get(), datagram, length);
      own.used = 0;
      datagram = own.arena.get();
    }
    queue->begin(to, datagram, length);
  }
  own.used += length;
}

void TrainSender::flush() {
  State& own = *state_;
  own.drain();
  own.used = 0;
  own.patience = kSendPatience;
}

}  // namespace tailrace
