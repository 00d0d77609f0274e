#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "media-types.h"

namespace tailrace {

/** The small packets that begin a replay, until its first large one. */
struct ReplayHead {
  static constexpr size_t kLongest = 8;

  bool open = true;
  uint8_t count = 0;
  /** Ingest indices. */
  std::array<int64_t, kLongest> indices{};
};

/** A track's place in a log on its way to the live end, and what it may send now. */
class ReplayCursor {
 public:
  /** @param now monotonic ms */
  ReplayCursor(const Replay& replay, double now)
      : next(replay.from),
        until(replay.until),
        pace(replay.pace),
        budget(replay.burst),
        leadBytes_(replay.leadBytes),
        leadPace_(std::max(replay.leadPace, replay.pace)),
        refilledAt_(now) {}

  /** Ingest index of the next packet. */
  int64_t next;
  /** The live end lies behind it. */
  const int64_t until;
  /** Bytes per ms. */
  double pace;
  /** Bytes that may leave now; the last packet may overdraw it. */
  double budget;
  ReplayHead head;

  /**
   * Asked when the log has dropped what comes next: as a rule for a new keyframe, and the command
   * to jump there is on its way. To skip at once would leave a hole that no repair can fill.
   *
   * @returns whether to go on waiting
   */
  bool awaitsJump(double now) {
    if (overtakenFrom_ != next) {
      overtakenFrom_ = next;
      overtakenAt_ = now;
    }
    return now - overtakenAt_ < kJumpPatience;
  }

  void refill(double now) {
    const double elapsed = std::min(now - refilledAt_, kRefillBound);
    refilledAt_ = now;
    const double led = std::min(elapsed * leadPace_, leadBytes_);
    leadBytes_ -= led;
    const double after = led == 0 ? elapsed : elapsed - led / leadPace_;
    budget += led + after * pace;
  }

 private:
  /** How long unspent budget may pile up, in ms: a late timer must not lower the rate. */
  static constexpr double kRefillBound = 20;

  /** Far longer than it takes to decide, in ms, and no longer than a picture may stand still. */
  static constexpr double kJumpPatience = 200;

  int64_t overtakenFrom_ = -1;
  double overtakenAt_ = 0;
  double leadBytes_;
  const double leadPace_;
  double refilledAt_;
};

}  // namespace tailrace
