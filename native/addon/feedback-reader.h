#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "packet-groups.h"
#include "transport-feedback.h"
#include "transport-history.h"

namespace tailrace {

/** What is known of the newest probe: see `ProbeTally` in `rtp/congestion/feedback-digest.ts`. */
struct ProbeTally {
  uint8_t cluster = 0;
  double packets = 0;
  double bytes = 0;
  double firstSentAt = 0;
  double lastSentAt = -std::numeric_limits<double>::infinity();
  double lastSentBytes = 0;
  double firstArrivedAt = 0;
  double lastArrivedAt = 0;
  double firstArrivedBytes = 0;
};

/** What one report tells: see `FeedbackDigest` there. */
struct FeedbackDigest {
  double received = 0;
  double lost = 0;
  double acknowledged = 0;
  double untold = 0;
  double arrivedAt = 0;
  double roundTrip = 0;
  std::optional<double> queueing;
  std::optional<double> delivered;
  size_t groupCount = 0;
  /** Of the newest probe, if the report spoke of it. */
  const ProbeTally* probe = nullptr;
};

/** The least delay of the last half to whole minute: `rtp/congestion/least-delay.ts`. */
class LeastDelay {
 public:
  void add(double delay, double now) {
    if (now - since_ >= kLifetime) {
      previous_ = current_;
      current_ = delay;
      since_ = now;
    } else if (delay < current_) {
      current_ = delay;
    }
  }
  double value() const { return current_ < previous_ ? current_ : previous_; }

 private:
  /** Ms after which what was the least delay counts for no more than another such time. */
  static constexpr double kLifetime = 30'000;

  double current_ = std::numeric_limits<double>::infinity();
  double previous_ = std::numeric_limits<double>::infinity();
  double since_ = -std::numeric_limits<double>::infinity();
};

/** What reports have told so far, each number once: `rtp/congestion/report-window.ts`. */
class ReportWindow {
 public:
  /** Numbers remembered: no more than the sender remembers of what it sent. */
  static constexpr int kSize = 2048;

  enum class News : uint8_t { kNone, kNew, kFound };

  /** How many numbers before this one no report has spoken of, as far as they are remembered. */
  int skippedBefore(uint16_t number) const;
  /** @returns whether that is news */
  bool lose(uint16_t number);
  /** @returns `kFound` for one that was told to be lost */
  News arrive(uint16_t number);

 private:
  enum class Told : uint8_t { kNothing, kLost, kArrived };

  bool reach(uint16_t number);

  std::array<Told, kSize> told_{};
  std::optional<uint16_t> newest_;
};

/** Adds up what arrived of the newest probe: `rtp/congestion/probe-meter.ts`. */
class ProbeMeter {
 public:
  /** Null unless the report being read spoke of it. */
  const ProbeTally* tally() const { return spoken_ ? &tally_ : nullptr; }
  void begin() { spoken_ = false; }
  void add(const SentPacket& packet, double arrivedAt);

 private:
  ProbeTally tally_;
  bool spoken_ = false;
};

/**
 * Reads the transport-wide feedback of one receiver against what was sent to it. Its reference,
 * to the last bit, is `rtp/congestion/feedback-reader.ts`.
 */
class FeedbackReader {
 public:
  /**
   * @param feedback its arrivals are sorted for a while
   * @param now monotonic ms
   * @param groups gets `kGroupFields * kMostPairs` numbers at most
   */
  FeedbackDigest read(TransportFeedback& feedback, const TransportHistory::View& sent, double now,
                      double* groups);

 private:
  int64_t unwrap(int32_t referenceTime);
  double passOver(uint16_t baseSequence, const TransportHistory::View& sent, double now) const;
  double lose(const TransportFeedback& feedback, const TransportHistory::View& sent, double now);

  ReportWindow window_;
  PacketGroups groups_;
  ProbeMeter probe_;
  LeastDelay least_;
  /** Unwrapped; in units of 64 ms. */
  std::optional<int64_t> reference_;
  double arrivedAt_ = 0;
  double roundTrip_ = 0;
};

}  // namespace tailrace
