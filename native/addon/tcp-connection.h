#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "media-types.h"

namespace tailrace {

/** What became of a frame. */
enum class FrameFate : uint8_t {
  /** Left, or will. */
  kTaken,
  /** Too much waits already. */
  kDropped,
  /** There is no connection any more. */
  kGone
};

/** Who hears of peers whose connection takes no more media, and takes it again. On any thread. */
class CongestionListener {
 public:
  virtual ~CongestionListener() = default;
  virtual void congested(PeerId peer, bool isCongested) = 0;
};

/** Bytes that may wait for one connection: half a second of 4 Mbit/s. */
constexpr size_t kMaxBacklog = 256 * 1024;

/**
 * The sending side of one TCP connection, and its socket. Frames go to the kernel whole and in
 * order; what it does not take waits, bounded: then media is dropped, frame by frame, until all
 * that waits has left. Any thread may send; only the receiving thread reads and closes.
 */
class TcpConnection {
 public:
  /**
   * @param fd non-blocking, watched by `epoll` for EPOLLIN under `id`; owned from now on
   * @param listener outlives all that sends
   */
  TcpConnection(int fd, uint64_t id, int epoll, CongestionListener& listener)
      : id_(id), epoll_(epoll), listener_(listener), fd_(fd) {}
  ~TcpConnection() { close(false); }
  TcpConnection(const TcpConnection&) = delete;

  /** Whose media goes here, for the listener. */
  void setPeer(PeerId peer) { peer_.store(peer); }
  /** A datagram, to leave with the next `flush` at the latest. */
  FrameFate add(const uint8_t* datagram, size_t length);
  void flush();

  /** @returns bytes read, 0 at the end, or -1 with errno. On the receiving thread. */
  ssize_t receive(uint8_t* into, size_t room);
  /** The kernel takes bytes again. */
  void drain();
  /** Whether what waits has waited too long, in monotonic ms. */
  bool hasStalled(double now);
  /** @param reset forgets at once, without the goodbyes of TCP. Idempotent. */
  void close(bool reset);

 private:
  size_t waiting() const { return backlog_.size() - sent_; }
  void write();
  void watch(bool forRoom);
  void setCongested(bool isCongested);

  const uint64_t id_;
  const int epoll_;
  CongestionListener& listener_;
  std::atomic<PeerId> peer_{0};
  std::mutex mutex_;
  /** -1 once closed. Changed by the receiving thread only. */
  int fd_;
  /** Frames with their lengths; those before `sent_` have left. */
  std::vector<uint8_t> backlog_;
  size_t sent_ = 0;
  /** The kernel is full, and the receiving thread is told when it no longer is. */
  bool full_ = false;
  bool congested_ = false;
  /** Sending failed: the receiving thread will close it. */
  bool broken_ = false;
  /** Monotonic ms of the last bytes that the kernel took, and of the beginning of a congestion. */
  double progressAt_ = 0;
  double congestedAt_ = 0;
};

}  // namespace tailrace
