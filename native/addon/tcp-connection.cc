#include "tcp-connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "bytes.h"
#include "clock.h"
#include "demux.h"
#include "tcp-frames.h"

namespace tailrace {

/** Of the bound, what only STUN, DTLS and RTCP may use. */
constexpr size_t kControlBacklog = 16 * 1024;
/** Waits no longer for the rest of a turn, in bytes. */
constexpr size_t kWriteAtOnce = 32 * 1024;
/** Memory that a connection keeps when nothing waits, in bytes. */
constexpr size_t kKeptCapacity = 64 * 1024;
/** How long the kernel may take nothing, and how long media may be dropped, in ms. */
constexpr double kStalledAfter = 10'000;

FrameFate TcpConnection::add(const uint8_t* datagram, size_t length) {
  const DatagramKind kind = classify(datagram, length);
  const bool isMedia = kind == DatagramKind::kRtp;
  const size_t bound = isMedia ? kMaxBacklog - kControlBacklog : kMaxBacklog;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (fd_ < 0 || broken_) return FrameFate::kGone;
  if (isMedia && congested_) return FrameFate::kDropped;
  if (waiting() >= kWriteAtOnce && !full_) write();
  if (waiting() + kFrameHeader + length > bound) {
    if (isMedia) setCongested(true);
    return FrameFate::kDropped;
  }
  const size_t at = backlog_.size();
  backlog_.resize(at + kFrameHeader);
  write16(&backlog_[at], static_cast<uint16_t>(length));
  backlog_.insert(backlog_.end(), datagram, datagram + length);
  return FrameFate::kTaken;
}

void TcpConnection::flush() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!full_) write();
}

ssize_t TcpConnection::receive(uint8_t* into, size_t room) {
  for (;;) {
    const ssize_t count = recv(fd_, into, room, 0);
    if (count >= 0 || errno != EINTR) return count;
  }
}

void TcpConnection::drain() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!full_) return;
  write();
  if (waiting() > 0) return;
  if (fd_ >= 0 && !broken_) watch(false);
  full_ = false;
  if (congested_) setCongested(false);
}

bool TcpConnection::hasStalled(double now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return broken_ || (full_ && now - progressAt_ > kStalledAfter) ||
         (congested_ && now - congestedAt_ > kStalledAfter);
}

void TcpConnection::close(bool reset) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (fd_ < 0) return;
  if (reset) {
    const linger none{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  }
  ::close(std::exchange(fd_, -1));
  std::vector<uint8_t>().swap(backlog_);
  sent_ = 0;
}

void TcpConnection::write() {
  while (waiting() > 0 && fd_ >= 0 && !broken_) {
    const ssize_t count = send(fd_, &backlog_[sent_], waiting(), MSG_NOSIGNAL);
    if (count > 0) {
      sent_ += static_cast<size_t>(count);
      progressAt_ = monotonicMs();
    } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS || errno == ENOMEM) {
      if (!full_) {
        full_ = true;
        progressAt_ = monotonicMs();
        watch(true);
      }
      break;
    } else if (errno != EINTR) {
      // The receiving thread sees the end of it, and closes.
      broken_ = true;
      shutdown(fd_, SHUT_RDWR);
      sent_ = backlog_.size();
    }
  }
  // Moved to the front now and then: each byte at most once for every other one that leaves.
  if (waiting() == 0) {
    backlog_.clear();
    if (backlog_.capacity() > kKeptCapacity) backlog_.shrink_to_fit();
    sent_ = 0;
  } else if (sent_ >= backlog_.size() / 2) {
    backlog_.erase(backlog_.begin(), backlog_.begin() + static_cast<ptrdiff_t>(sent_));
    sent_ = 0;
  }
}

void TcpConnection::watch(bool forRoom) {
  epoll_event event{};
  event.events = forRoom ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.u64 = id_;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, fd_, &event);
}

// Told under the lock, or an end could be heard of before its beginning.
void TcpConnection::setCongested(bool isCongested) {
  congested_ = isCongested;
  if (isCongested) congestedAt_ = monotonicMs();
  if (const PeerId peer = peer_.load()) listener_.congested(peer, isCongested);
}

}  // namespace tailrace
