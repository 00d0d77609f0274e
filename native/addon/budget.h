#pragma once
#include <algorithm>

namespace tailrace {

/** What may happen so often a second for ever, and so often at once after a rest. */
struct Rate {
  double perSecond;
  double burst;
};

/** A token bucket, full at first. */
class Budget {
 public:
  /** Counts one more. @param now monotonic ms @returns whether it may be */
  bool take(const Rate& rate, double now) {
    spent_ = std::max(0.0, spent_ - std::max(0.0, now - at_) * rate.perSecond / 1000);
    at_ = now;
    if (spent_ + 1 > rate.burst) return false;
    spent_ += 1;
    return true;
  }

 private:
  double spent_ = 0;
  double at_ = 0;
};

}  // namespace tailrace
