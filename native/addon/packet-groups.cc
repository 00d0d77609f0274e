#include "packet-groups.h"

#include <algorithm>

namespace tailrace {

namespace {

/** Ms of sending that make one group (BWE-7). */
constexpr double kGroupSpan = 5;
/** Ms between arrivals, and of a whole group, that may still be one burst (BWE-8). */
constexpr double kBurstGap = 5;
constexpr double kLongestBurst = 100;
/** Ms that the receiver's clock may gain on ours between two groups (BWE-11). */
constexpr double kClockJump = 3000;
/** Groups in a row that came before their forerunner, until nothing before counts (BWE-12). */
constexpr int kMostBackwards = 3;
/** Ms without a report after which groups begin anew (BWE-13). */
constexpr double kLongestSilence = 2000;

}  // namespace

void PacketGroups::begin(double now, double* pairs) {
  if (now - reportedAt_ > kLongestSilence) reset();
  reportedAt_ = now;
  pairs_ = pairs;
  pairCount_ = 0;
}

void PacketGroups::add(double sentAt, double arrivedAt) {
  if (!open_) {
    start(sentAt, arrivedAt);
  } else if (sentAt < firstSentAt_) {
    // Reordered on the way: its group is told of already.
    return;
  } else if (belongs(sentAt, arrivedAt)) {
    lastSentAt_ = std::max(lastSentAt_, sentAt);
  } else {
    if (comparable_ && !compare()) return;
    comparable_ = true;
    previousSentAt_ = lastSentAt_;
    previousCompletedAt_ = completedAt_;
    previousToldAt_ = toldAt_;
    start(sentAt, arrivedAt);
  }
  completedAt_ = arrivedAt;
  toldAt_ = reportedAt_;
}

// What left apart and came closer together was held up and let go in one burst.
bool PacketGroups::belongs(double sentAt, double arrivedAt) const {
  const double sentAfter = sentAt - lastSentAt_;
  const double arrivedAfter = arrivedAt - completedAt_;
  const bool burst = sentAfter == 0 || (arrivedAfter < sentAfter && arrivedAfter <= kBurstGap &&
                                        arrivedAt - firstArrivedAt_ < kLongestBurst);
  return burst || sentAt - firstSentAt_ <= kGroupSpan;
}

void PacketGroups::start(double sentAt, double arrivedAt) {
  open_ = true;
  firstSentAt_ = sentAt;
  lastSentAt_ = sentAt;
  firstArrivedAt_ = arrivedAt;
}

// The open group is complete. Returns false if it says nothing, or nothing counts any more.
bool PacketGroups::compare() {
  const double arrivalDelta = completedAt_ - previousCompletedAt_;
  if (arrivalDelta - (toldAt_ - previousToldAt_) >= kClockJump) {
    reset();
    return false;
  }
  if (arrivalDelta < 0) {
    backwards_++;
    if (backwards_ >= kMostBackwards) reset();
    return false;
  }
  backwards_ = 0;
  if (pairCount_ < kMostPairs) {
    double* pair = pairs_ + pairCount_ * kGroupFields;
    pair[0] = lastSentAt_ - previousSentAt_;
    pair[1] = arrivalDelta;
    pair[2] = completedAt_;
    pairCount_++;
  }
  return true;
}

void PacketGroups::reset() {
  open_ = false;
  comparable_ = false;
  backwards_ = 0;
}

}  // namespace tailrace
