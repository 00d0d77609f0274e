#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "packet-log.h"
#include "time-map.h"

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
  /** @param clockRate ticks per second */
  explicit Timeline(uint32_t clockRate) : clockRate_(clockRate) {}

  /** Offset from the log's RTP time to ours at the live end, once something was sent. */
  std::optional<uint32_t> delta() const {
    return map_ ? std::optional<uint32_t>(map_->delta) : std::nullopt;
  }

  /**
   * A log keeps its times, also when it is replayed again. Another log goes on where the last one
   * stopped plus the time that passed (SRTP-109).
   *
   * @param index of its packet that is sent next
   * @param now monotonic ms
   */
  const TimeMap& of(const PacketLog& log, int64_t index, const LastPacket& last, double now) {
    if (!map_ || log_ != log.id) {
      log_ = log.id;
      const StoredPacket* packet = last.sent ? log.locate(index) : nullptr;
      map_ = TimeMap{packet ? goneOn(last, now) - packet->view().timestamp() : 0};
    }
    return *map_;
  }

  /**
   * A replay of another log comes next. Its newest packet is as old as what was sent last, or, of
   * another encoding of the same picture, has the time that its capture has there (SRTP-107); what
   * comes before that is squeezed into the time that the replay takes. So time never goes back,
   * and stands where a receiver's clock expects it: one that gets old pictures in mid-play takes
   * them for late, and holds back what follows.
   */
  void catchUp(const PacketLog& log, const Replay& replay, const LastPacket& last, double now) {
    const StoredPacket* first = log.locate(replay.from);
    if ((map_ && log_ == log.id) || !last.sent || !first) return;
    const StoredPacket* newest = log.locate(log.end() - 1);
    const uint32_t from = first->view().timestamp();
    const uint32_t length = newest ? newest->view().timestamp() - from : 0;
    const uint32_t to = length < longestRun() ? from + length : from;
    TimeMap map{goneOn(last, now) - to};
    uint32_t begin = to + map.delta;
    if (map_ && static_cast<int64_t>(log_) == replay.alignedLog) {
      const uint32_t delta = map_->delta - replay.alignmentTicks;
      const auto ahead = static_cast<int32_t>(to + delta - last.timestamp);
      const auto most = static_cast<int32_t>(longestRun());
      if (ahead > -most && ahead < most) {
        // Never two frames in a row at one time: a browser would take them for one (SRTP-108).
        begin = last.timestamp + std::max(static_cast<uint32_t>(std::max(ahead, 0)), ticks(1));
        map.delta = delta;
      }
    }
    const uint32_t behind = begin - (from + map.delta);
    if (behind < 2 * longestRun()) {
      map.from = from;
      map.squeezed = std::max(ticks(replay.catchUp > 0 ? std::min(replay.catchUp, kLongestRun) : 0), behind / kMostSqueezed);
      map.span = behind + map.squeezed;
    }
    log_ = log.id;
    map_ = map;
  }

  /** Tell it now and then what was sent last. */
  void settle(const LastPacket& last) {
    if (map_) map_ = map_->after(last.timestamp);
  }

 private:
  /** Frames of a sixtieth of a second remain a ms apart. */
  static constexpr uint32_t kMostSqueezed = 16;
  /** Ms; no log holds more, and clocks that are farther apart do not tell the same time. */
  static constexpr double kLongestRun = 30'000;

  uint32_t longestRun() const { return ticks(kLongestRun); }

  uint32_t ticks(double ms) const {
    return static_cast<uint32_t>(static_cast<int64_t>(std::floor(ms * clockRate_ / 1000 + 0.5)));
  }

  uint32_t goneOn(const LastPacket& last, double now) const {
    return last.timestamp + ticks(std::max(1.0, now - last.at));
  }

  const uint32_t clockRate_;
  LogId log_ = 0;
  std::optional<TimeMap> map_;
};

}  // namespace tailrace
