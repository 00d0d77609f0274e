#pragma once
#include <cstdint>

namespace tailrace {

/**
 * What a log's RTP times become on their way out: one constant is added, but for a run of them that
 * is squeezed into a shorter one right before. All in ticks, modulo 2^32.
 */
struct TimeMap {
  /** Outgoing time minus incoming, outside of the run. */
  uint32_t delta = 0;
  /** Where the run begins, how long it is, and how long it becomes. */
  uint32_t from = 0;
  uint32_t span = 0;
  uint32_t squeezed = 0;

  uint32_t at(uint32_t timestamp) const {
    const uint32_t into = timestamp - from;
    if (into >= span) return timestamp + delta;
    const uint64_t passed = static_cast<uint64_t>(into) * squeezed / span;
    return from + span - squeezed + static_cast<uint32_t>(passed) + delta;
  }

  /** Without the run once that is over: its times come again when they have gone around. */
  TimeMap after(uint32_t outgoing) const {
    return static_cast<int32_t>(outgoing - (from + span + delta)) < 0 ? *this : TimeMap{delta};
  }
};

}  // namespace tailrace
