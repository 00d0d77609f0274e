#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "packet-log.h"

namespace tailrace {

/** The packet that got a track's highest number. */
struct LastPacket {
  /** Monotonic ms. */
  double at = 0;
  uint32_t timestamp = 0;
  bool marker = true;
  bool sent = false;
};

/** Relates the RTP time of the logs that a track sends from to the track's own. */
class Timeline {
 public:
  /** Offset from the log's RTP time to ours, in ticks, once something was sent. */
  std::optional<uint32_t> delta() const { return delta_; }

  /**
   * A log keeps its offset, also when it is replayed again. Another log goes on where the last
   * one stopped plus the time that passed (SRTP-109).
   *
   * @param index of its packet that is sent next
   * @param clockRate ticks per second
   * @param now monotonic ms
   */
  uint32_t of(const PacketLog& log, int64_t index, const LastPacket& last, uint32_t clockRate,
              double now) {
    if (!delta_ || log_ != log.id) {
      log_ = log.id;
      delta_ = continued(log, index, last, clockRate, now);
    }
    return *delta_;
  }

  /**
   * Another encoding of the same picture is sent next: what was captured at one time keeps one
   * time (SRTP-107), but never two frames in a row: a browser would take them for one
   * (SRTP-108). Nothing happens unless `from` is what was sent until now.
   *
   * @param index of its packet that is sent next
   * @param ticks by which the RTP time of `log` is ahead of that of `from`
   */
  void align(const PacketLog& log, int64_t index, LogId from, uint32_t ticks,
             const LastPacket& last, uint32_t clockRate) {
    const StoredPacket* packet = log.locate(index);
    if (!delta_ || log_ != from || !packet) return;
    const uint32_t delta = *delta_ - ticks;
    const uint32_t behind = last.timestamp - (packet->view().timestamp() + delta);
    const uint32_t ms = clockRate / 1000;
    const bool follows = last.sent && behind < kSameFrames * ms;
    log_ = log.id;
    delta_ = delta + (follows ? behind + ms : 0);
  }

 private:
  /** Ms: what is that little behind comes right after what was sent last, or at the same time. */
  static constexpr uint32_t kSameFrames = 150;

  static uint32_t continued(const PacketLog& log, int64_t index, const LastPacket& last,
                            uint32_t clockRate, double now) {
    const StoredPacket* packet = last.sent ? log.locate(index) : nullptr;
    if (!packet) return 0;
    const double elapsed = std::max(1.0, now - last.at) / 1000;
    const double ticks = std::floor(elapsed * clockRate + 0.5);
    const auto passed = static_cast<uint32_t>(static_cast<int64_t>(ticks));
    return last.timestamp + passed - packet->view().timestamp();
  }

  LogId log_ = 0;
  std::optional<uint32_t> delta_;
};

}  // namespace tailrace
