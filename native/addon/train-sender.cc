#include "train-sender.h"

#include <cstring>

#include "send-queue.h"

namespace tailrace {

/** Bytes built before they leave: a part of the second-level cache, or the kernel reads memory. */
constexpr size_t kArena = 256 * 1024;

struct TrainSender::State {
  State(Rung rung, UdpSocket* v4Socket, UdpSocket* v6Socket, SendCounters& sendCounters)
      : v4(rung, v4Socket, sendCounters),
        v6(rung, v6Socket, sendCounters),
        counters(sendCounters),
        arena(new uint8_t[kArena]) {}

  void drain() {
    v4.flush(patience);
    v6.flush(patience);
  }

  SendQueue v4;
  SendQueue v6;
  SendCounters& counters;
  std::unique_ptr<uint8_t[]> arena;
  /** Of the arena. The next datagram is built here, so that trains lie together by themselves. */
  size_t used = 0;
  /** Ms left for waiting until the next `flush` of the owner. */
  double patience = kSendPatience;
};

TrainSender::TrainSender(Rung rung, UdpSocket* v4, UdpSocket* v6, SendCounters& counters)
    : state_(std::make_unique<State>(rung, v4, v6, counters)) {}

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
  SendQueue& queue = to.isV6() ? own.v6 : own.v4;
  uint8_t* datagram = own.arena.get() + own.used;
  if (!queue.isOpen()) {
    own.counters.errors.add(1);
    return;
  }
  if (queue.continues(to, datagram, length)) {
    queue.extend(length);
  } else {
    if (queue.isFull()) {
      own.drain();
      // The whole arena is free again, but for this one.
      std::memmove(own.arena.get(), datagram, length);
      own.used = 0;
      datagram = own.arena.get();
    }
    queue.begin(to, datagram, length);
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
