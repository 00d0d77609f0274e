#pragma once
#include <algorithm>
#include <cstddef>

namespace tailrace {

/** Bounds what one viewer's NACKs make us send (SEC-46, SEC-47). */
class RetransmissionBudget {
 public:
  RetransmissionBudget() = default;
  /** To another node: as fast as a log is copied there, and as much as a burst of that may lose. */
  static RetransmissionBudget forLink() {
    RetransmissionBudget budget;
    budget.rate_ = kLinkRate;
    budget.burst_ = budget.bytes_ = kLinkBurst;
    return budget;
  }

  /** @param pace of live packets, in bytes per ms: what the link carries bounds repairs as well */
  void limit(double pace) {
    rate_ = std::min(kRate, pace * kPaceShare);
    burst_ = std::min(kBurst, std::max(kLeastBurst, pace * kBurstTime));
  }

  /** @param now monotonic ms */
  bool allows(size_t bytes, double now) {
    bytes_ = std::min(burst_, bytes_ + (now - refilledAt_) * rate_);
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
  /** Of the live pace: a quarter of what the link is believed to carry. */
  static constexpr double kPaceShare = 0.1;
  /** Ms of the live pace that may be repeated at once, but this many bytes at least. */
  static constexpr double kBurstTime = 40;
  static constexpr double kLeastBurst = 8 * 1024;

  static constexpr double kLinkRate = 12'500;
  static constexpr double kLinkBurst = 4 * 1024 * 1024;

  double rate_ = kRate;
  double burst_ = kBurst;
  double bytes_ = kBurst;
  double refilledAt_ = 0;
};

}  // namespace tailrace
