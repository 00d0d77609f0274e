#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace tailrace {

/**
 * How fast live packets of one track may leave: a token bucket, and while that is empty the
 * track's place in its log, from where it catches up. The reference is
 * `native/twin/live-pace.ts`.
 */
class LivePace {
 public:
  /**
   * @param pace bytes per ms
   * @param now monotonic ms, as everywhere here
   */
  LivePace(double pace, double now) : pace_(pace), budget_(pace * kBurst), refilledAt_(now) {}

  /** Ingest index of the next packet while behind. */
  int64_t next = 0;

  /** Whether packets wait in the log. */
  bool behind() const { return behind_; }
  bool hasBudget() const { return budget_ > 0; }

  void set(double pace, double now) {
    refill(now);
    pace_ = pace;
    budget_ = std::min(budget_, pace * kBurst);
  }

  void refill(double now) {
    const double elapsed = now - refilledAt_;
    refilledAt_ = now;
    // Of no time at all, an infinite pace would make no number.
    budget_ = std::isinf(pace_) ? pace_ : std::min(pace_ * kBurst, budget_ + elapsed * pace_);
  }

  void spend(size_t bytes) {
    const double least = -std::max(kLongestPacket, pace_ * kMostDebt);
    budget_ = std::max(budget_ - static_cast<double>(bytes), least);
  }

  /** @param index of the newest packet: it waits, and all that follow */
  void fallBehind(int64_t index, double now) {
    behind_ = true;
    next = index;
    markIndex_ = index + 1;
    markAt_ = now;
  }

  /** Nothing waits any more: the end of the log is reached, or the track has left it. */
  void level() {
    behind_ = false;
    told_ = false;
  }

  /**
   * Asked before each look at the log while behind.
   *
   * @param start the oldest index that the log still holds
   * @param end one past its newest
   * @returns whether to tell that the viewer gets too little; true once until level again
   */
  bool starves(int64_t start, int64_t end, double now) {
    if (next >= markIndex_) {
      markIndex_ = end;
      markAt_ = now;
    }
    const bool waits = next < markIndex_ && now - markAt_ > kLongestWait;
    if (told_ || !(waits || next < start)) return false;
    told_ = true;
    return true;
  }

 private:
  /** How much may leave at once, in ms of the pace (BWE-68). */
  static constexpr double kBurst = 30;
  /** Most that repeats may take from the packets to come, in ms of the pace. */
  static constexpr double kMostDebt = 100;
  /** In bytes: overdrawn by one packet, even the slowest pace pays all of it back. */
  static constexpr double kLongestPacket = 1500;
  /** A packet that waits longer, in ms, shows that the pace is too slow for the layer. */
  static constexpr double kLongestWait = 1000;

  double pace_;
  double budget_;
  double refilledAt_;
  bool behind_ = false;
  bool told_ = false;
  /** What lies below has waited since `markAt_`. */
  int64_t markIndex_ = 0;
  double markAt_ = 0;
};

}  // namespace tailrace
