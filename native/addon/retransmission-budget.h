#pragma once
#include <algorithm>
#include <cstddef>

namespace tailrace {

/** Bounds what one viewer's NACKs make us send (SEC-46, SEC-47). */
class RetransmissionBudget {
 public:
  /** @param now monotonic ms */
  bool allows(size_t bytes, double now) {
    bytes_ = std::min(kBurst, bytes_ + (now - refilledAt_) * kRate);
    refilledAt_ = now;
    if (bytes_ < static_cast<double>(bytes)) return false;
    bytes_ -= static_cast<double>(bytes);
    return true;
  }

 private:
  /** Bytes that may be repeated at once: a lost burst of a replay. */
  static constexpr double kBurst = 512 * 1024;
  /** Bytes per ms after that: 10 % of a 40 Mbit/s replay. One viewer cannot make us shout. */
  static constexpr double kRate = 500;

  double bytes_ = kBurst;
  double refilledAt_ = 0;
};

}  // namespace tailrace
