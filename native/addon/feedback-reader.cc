#include "feedback-reader.h"

#include <algorithm>

namespace tailrace {

namespace {

/** Ticks of the feedback's clock per ms. */
constexpr double kTicksPerMs = 4;
/** Fewer packets, or a shorter time, say nothing about a rate. */
constexpr double kEnoughPackets = 5;
constexpr double kEnoughMs = 5;
/** Ms after which the same cluster number means another probe: it has come around. */
constexpr double kLongestProbe = 5000;

// They come in order of their numbers (BWE-3); of two at the same time the lower comes first.
bool earlier(const FeedbackArrival& a, const FeedbackArrival& b) {
  return a.arrivedAt != b.arrivedAt ? a.arrivedAt < b.arrivedAt : a.index < b.index;
}

bool lower(const FeedbackArrival& a, const FeedbackArrival& b) { return a.index < b.index; }

}  // namespace

int ReportWindow::skippedBefore(uint16_t number) const {
  const int ahead = newest_ ? static_cast<int16_t>(number - *newest_) - 1 : 0;
  return std::min(std::max(0, ahead), kSize);
}

bool ReportWindow::lose(uint16_t number) {
  if (!reach(number)) return false;
  Told& told = told_[number % kSize];
  if (told != Told::kNothing) return false;
  told = Told::kLost;
  return true;
}

ReportWindow::News ReportWindow::arrive(uint16_t number) {
  if (!reach(number)) return News::kNone;
  Told& told = told_[number % kSize];
  const Told before = told;
  told = Told::kArrived;
  if (before == Told::kArrived) return News::kNone;
  return before == Told::kLost ? News::kFound : News::kNew;
}

// Makes room up to that number; false if it lies too far back.
bool ReportWindow::reach(uint16_t number) {
  if (!newest_) newest_ = number;
  const int ahead = static_cast<int16_t>(number - *newest_);
  if (ahead <= -kSize) return false;
  for (int step = std::min(ahead, kSize) - 1; step >= 0; step--) {
    told_[static_cast<uint16_t>(number - step) % kSize] = Told::kNothing;
  }
  if (ahead > 0) newest_ = number;
  return true;
}

void ProbeMeter::add(const SentPacket& packet, double arrivedAt) {
  if (packet.cluster != tally_.cluster || packet.at > tally_.firstSentAt + kLongestProbe) {
    // A straggler of an earlier probe.
    if (packet.at < tally_.lastSentAt) return;
    const double bytes = packet.bytes;
    tally_ = {packet.cluster, 0, 0, packet.at, packet.at, bytes, arrivedAt, arrivedAt, bytes};
  }
  spoken_ = true;
  tally_.packets++;
  tally_.bytes += packet.bytes;
  tally_.firstSentAt = std::min(tally_.firstSentAt, packet.at);
  if (packet.at >= tally_.lastSentAt) {
    tally_.lastSentAt = packet.at;
    tally_.lastSentBytes = packet.bytes;
  }
  if (arrivedAt < tally_.firstArrivedAt) {
    tally_.firstArrivedAt = arrivedAt;
    tally_.firstArrivedBytes = packet.bytes;
  }
  tally_.lastArrivedAt = std::max(tally_.lastArrivedAt, arrivedAt);
}

FeedbackDigest FeedbackReader::read(TransportFeedback& feedback,
                                    const TransportHistory::View& sent, double now,
                                    double* groups) {
  groups_.begin(now, groups);
  probe_.begin();
  const int64_t shift = unwrap(feedback.referenceTime);
  std::vector<FeedbackArrival>& arrivals = feedback.arrivals;
  const bool inOrder = std::is_sorted(arrivals.begin(), arrivals.end(), earlier);
  if (!inOrder) std::sort(arrivals.begin(), arrivals.end(), earlier);

  FeedbackDigest digest;
  digest.untold = passOver(feedback.baseSequence, sent, now);
  double found = 0;
  // The first one's time began before these arrivals did.
  double bytesAfterFirst = 0;
  double first = 0;
  double last = 0;
  double lastSentAt = 0;
  for (const FeedbackArrival& arrival : arrivals) {
    const auto number = static_cast<uint16_t>(feedback.baseSequence + arrival.index);
    const std::optional<SentPacket> packet = sent.find(number, now);
    if (!packet) continue;
    const ReportWindow::News news = window_.arrive(number);
    if (news == ReportWindow::News::kNone) continue;
    const double at = static_cast<double>(arrival.arrivedAt + shift) / kTicksPerMs;
    if (news == ReportWindow::News::kFound) found++;
    if (digest.received == 0) {
      first = at;
    } else {
      bytesAfterFirst += packet->bytes;
    }
    digest.received++;
    digest.acknowledged += packet->bytes;
    last = at;
    lastSentAt = packet->at;
    least_.add(at - packet->at, now);
    groups_.add(packet->at, at);
    if (packet->cluster != 0) probe_.add(*packet, at);
  }
  if (!inOrder) std::sort(arrivals.begin(), arrivals.end(), lower);
  if (digest.received > 0) {
    arrivedAt_ = last;
    roundTrip_ = std::max(0.0, now - lastSentAt);
    digest.queueing = last - lastSentAt - least_.value();
  }
  const double span = last - first;
  if (digest.received >= kEnoughPackets && span >= kEnoughMs) {
    digest.delivered = bytesAfterFirst / span;
  }
  digest.lost = lose(feedback, sent, now) - found;
  digest.arrivedAt = arrivedAt_;
  digest.roundTrip = roundTrip_;
  digest.groupCount = groups_.pairCount();
  digest.probe = probe_.tally();
  return digest;
}

// Ticks to add to the arrivals: the reference time is 24 bits, and wraps in 12 days.
int64_t FeedbackReader::unwrap(int32_t referenceTime) {
  const int64_t before = reference_.value_or(referenceTime);
  const auto apart = static_cast<uint32_t>(referenceTime - before) << 8;
  reference_ = before + (static_cast<int32_t>(apart) >> 8);
  return (*reference_ - referenceTime) * kTicksPerReference;
}

// Bytes between the reports.
double FeedbackReader::passOver(uint16_t baseSequence, const TransportHistory::View& sent,
                                double now) const {
  double bytes = 0;
  for (int back = window_.skippedBefore(baseSequence); back > 0; back--) {
    const std::optional<SentPacket> packet =
        sent.find(static_cast<uint16_t>(baseSequence - back), now);
    if (packet) bytes += packet->bytes;
  }
  return bytes;
}

// Counts what the report names and no arrival is of. A few bytes can name 65,535 numbers: only
// those at its end may still be known.
double FeedbackReader::lose(const TransportFeedback& feedback, const TransportHistory::View& sent,
                            double now) {
  const std::vector<FeedbackArrival>& arrivals = feedback.arrivals;
  double lost = 0;
  size_t next = 0;
  const int count = feedback.statusCount;
  for (int place = std::max(0, count - ReportWindow::kSize); place < count; place++) {
    const auto index = static_cast<uint32_t>(place);
    while (next < arrivals.size() && arrivals[next].index < index) next++;
    if (next < arrivals.size() && arrivals[next].index == index) continue;
    const auto number = static_cast<uint16_t>(feedback.baseSequence + index);
    if (sent.find(number, now) && window_.lose(number)) lost++;
  }
  return lost;
}

}  // namespace tailrace
