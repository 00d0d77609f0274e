#pragma once
#include <algorithm>

namespace tailrace {

/**
 * How long packets of a frame may wait for the rest of it. A viewer's whole frame in one train
 * costs less than half of nine packets alone; but waiting is latency, so an idle shard does not.
 */
class FlushWindow {
 public:
  /** Of one stretch of time: how much of it was work. */
  void measure(double busyMs, double totalMs) {
    if (totalMs <= 0) return;
    // A memory of about a tenth of a second.
    const double weight = std::min(1.0, totalMs / 100);
    load_ += weight * (std::min(1.0, busyMs / totalMs) - load_);
  }

  /** In ms: 0 up to a third of a core, 5 from two thirds on. */
  double length() const { return std::clamp((load_ - 1.0 / 3) * 15, 0.0, 5.0); }

 private:
  double load_ = 0;
};

}  // namespace tailrace
