#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "media-types.h"

namespace tailrace {

/** A probe under way on one track: what may have left by now, and what it repeats next. */
class ProbeRun {
 public:
  /**
   * @param newest ingest index of the packet that was sent last
   * @param now monotonic ms
   */
  ProbeRun(const Probe& probe, int64_t newest, double now)
      : probe_(probe), newest_(newest), next_(newest), startedAt_(now), lookedAt_(now) {}

  uint8_t cluster() const { return probe_.cluster; }

  /** Bytes of its cluster below which another packet may leave now. */
  double due(double now) {
    startedAt_ += std::max(0.0, now - lookedAt_ - kCatchUpBound);
    lookedAt_ = now;
    // More than nothing at once: the first packet need not wait.
    return std::min(probe_.bytes, probe_.pace * (now - startedAt_) + 1);
  }

  /** @param sent bytes of its cluster so far */
  bool isDone(double sent) const { return sent >= probe_.bytes; }

  /** Ingest index to look at next. */
  int64_t next() { return next_--; }

  /** Whether to repeat a packet of that length this time through the log. */
  bool takes(size_t length) const { return (length < kShortPacket) == short_; }

  /** The log has nothing older. @returns false when all of it has been looked at */
  bool turn() {
    if (short_) return false;
    short_ = true;
    next_ = newest_;
    return true;
  }

 private:
  /** How much a late timer may make up for, in ms. */
  static constexpr double kCatchUpBound = 20;
  /** Shorter packets measure little: they are repeated only when there are no others, in bytes. */
  static constexpr size_t kShortPacket = 200;

  const Probe probe_;
  const int64_t newest_;
  int64_t next_;
  double startedAt_;
  double lookedAt_;
  bool short_ = false;
};

}  // namespace tailrace
