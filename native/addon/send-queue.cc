#include "send-queue.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "clock.h"

namespace tailrace {

namespace {

bool isFullSocket(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS || error == ENOMEM;
}

// The path's MTU is less than a segment; checksums are not the card's, as under IPsec; the kernel
// knows no trains: each of these errors means other things too, when there is no train.
bool refusesTrain(int error) {
  return error == EMSGSIZE || error == EIO || error == EINVAL;
}

}  // namespace

void SendQueue::begin(Destination& to, uint8_t* datagram, size_t length) {
  const size_t at = count_++;
  pieces_[at] = {datagram, length};
  trains_[at] = {&to, static_cast<uint16_t>(length), 1, rung_ == Rung::kGso};
  msghdr& header = messages_[at].msg_hdr;
  header.msg_name = const_cast<sockaddr*>(to.address());
  header.msg_namelen = to.addressLength();
  header.msg_iov = &pieces_[at];
  header.msg_iovlen = 1;
  header.msg_controllen = 0;
  header.msg_control = nullptr;
  if (socket_.isWildcard()) controls_[at].addSource(header, to);
}

bool SendQueue::continues(const Destination& to, const uint8_t* datagram, size_t length) const {
  if (count_ == 0) return false;
  const Train& train = trains_[count_ - 1];
  const iovec& piece = pieces_[count_ - 1];
  return train.to == &to && train.open && length <= train.segment &&
         static_cast<uint8_t*>(piece.iov_base) + piece.iov_len == datagram &&
         train.count < kTrainSegments && piece.iov_len + length < kTrainBytes && !to.refusesTrains;
}

void SendQueue::extend(size_t length) {
  Train& train = trains_[count_ - 1];
  pieces_[count_ - 1].iov_len += length;
  train.count++;
  train.open = length == train.segment;
}

void SendQueue::flush(double& patience) {
  for (size_t at = 0; at < count_; at++) {
    if (trains_[at].count > 1) {
      controls_[at].addSegments(messages_[at].msg_hdr, trains_[at].segment);
    }
  }
  size_t at = 0;
  while (at < count_) {
    const int sent = transmit(at);
    if (sent > 0) {
      uint64_t datagrams = 0;
      for (const size_t end = at + static_cast<size_t>(sent); at < end; at++) {
        datagrams += trains_[at].count;
      }
      counters_.datagrams.add(datagrams);
    } else if (!isFullSocket(errno)) {
      afterError(errno, at++, patience);
    } else if (!waitForRoom(patience)) {
      dropFrom(at);
      break;
    }
  }
  count_ = 0;
}

// Messages that left, from `at` on, or -1 with errno when that one could not.
int SendQueue::transmit(size_t at) {
  const int fd = socket_.fd();
  for (;;) {
    int sent;
    if (rung_ == Rung::kSendto) {
      sent = sendmsg(fd, &messages_[at].msg_hdr, 0) < 0 ? -1 : 1;
    } else {
      sent = sendmmsg(fd, &messages_[at], static_cast<unsigned>(count_ - at), 0);
    }
    if (sent >= 0 || errno != EINTR) return sent;
  }
}

void SendQueue::afterError(int error, size_t at, double& patience) {
  if (trains_[at].count > 1 && refusesTrain(error)) {
    trains_[at].to->refusesTrains = true;
    counters_.trainsRefused.add(1);
    sendSingly(at, patience);
  } else {
    counters_.errors.add(trains_[at].count);
  }
}

void SendQueue::sendSingly(size_t at, double& patience) {
  const Train& train = trains_[at];
  iovec piece = pieces_[at];
  size_t left = piece.iov_len;
  for (uint16_t remaining = train.count; remaining > 0; remaining--) {
    piece.iov_len = left < train.segment ? left : train.segment;
    int error;
    do {
      error = socket_.send(static_cast<uint8_t*>(piece.iov_base), piece.iov_len, *train.to);
    } while (isFullSocket(error) && waitForRoom(patience));
    if (isFullSocket(error)) {
      counters_.droppedFull.add(remaining);
      return;
    }
    (error == 0 ? counters_.datagrams : counters_.errors).add(1);
    piece.iov_base = static_cast<uint8_t*>(piece.iov_base) + piece.iov_len;
    left -= piece.iov_len;
  }
}

// Returns false when it is no use to try again now.
bool SendQueue::waitForRoom(double& patience) {
  pollfd room{socket_.fd(), POLLOUT, 0};
  if (givenUp_) {
    givenUp_ = poll(&room, 1, 0) <= 0;
    return !givenUp_;
  }
  if (patience <= 0) {
    givenUp_ = true;
    return false;
  }
  // The kernel wakes us only when half of the buffer is empty, but takes more as soon as anything
  // has left: after a millisecond it is worth another try. What a busy machine adds to that is no
  // waiting: the line went on meanwhile.
  const double started = monotonicMs();
  poll(&room, 1, 1);
  patience -= std::min(monotonicMs() - started, 1.0);
  return true;
}

void SendQueue::dropFrom(size_t at) {
  uint64_t datagrams = 0;
  for (; at < count_; at++) datagrams += trains_[at].count;
  counters_.droppedFull.add(datagrams);
}

}  // namespace tailrace
