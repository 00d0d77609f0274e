#pragma once
#include <cstddef>
#include <limits>

namespace tailrace {

/** Numbers of each pair of groups: ms as sent, ms as arrived, arrival of the younger one. */
constexpr size_t kGroupFields = 3;
/** Pairs in one report: 64 are 320 ms of sending at least. What is more than that is not told. */
constexpr size_t kMostPairs = 64;

/**
 * Gathers packets that left together, and tells how the distance from group to group changed on
 * the way (BWE-7..13). Its reference, step by step, is `rtp/congestion/packet-groups.ts`.
 */
class PacketGroups {
 public:
  size_t pairCount() const { return pairCount_; }

  /**
   * A report begins.
   *
   * @param now monotonic ms
   * @param pairs gets `kGroupFields * kMostPairs` numbers at most
   */
  void begin(double now, double* pairs);
  /** @param sentAt monotonic ms @param arrivedAt ms of the receiver's clock */
  void add(double sentAt, double arrivedAt);

 private:
  bool belongs(double sentAt, double arrivedAt) const;
  void start(double sentAt, double arrivedAt);
  bool compare();
  void reset();

  double* pairs_ = nullptr;
  size_t pairCount_ = 0;
  double reportedAt_ = -std::numeric_limits<double>::infinity();

  // The group that grows, while there is one.
  bool open_ = false;
  double firstSentAt_ = 0;
  double lastSentAt_ = 0;
  double firstArrivedAt_ = 0;
  double completedAt_ = 0;
  double toldAt_ = 0;

  // The complete one before it, while there is one.
  bool comparable_ = false;
  double previousSentAt_ = 0;
  double previousCompletedAt_ = 0;
  double previousToldAt_ = 0;
  int backwards_ = 0;
};

}  // namespace tailrace
