#include "load-counter.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace tailrace::load {

/** Numbers in view; a power of two. A repair that comes later has missed its picture long ago. */
constexpr int64_t kWindow = 4096;
/** A jump of more packets is a restart of the sender, if the next one confirms it (§A.1). */
constexpr int64_t kMaxDropout = 3000;
/** Change of transit time, in ms, that is a jump of a clock and not jitter. */
constexpr double kMaxTransitChange = 5000;
/** Age of a hole, in ms, at which nobody asks for it any more: see `rtp/nack-generator.ts`. */
constexpr double kGiveUp = 1000;
constexpr size_t kMaxHoles = 64;
/** A gap is a freeze past 3 × the mean interval and 150 ms over it (webrtc-stats, freezeCount). */
constexpr double kFreezeFactor = 3, kFreezeExtra = 150;
constexpr int64_t kMeanOver = 30;
/** See `load/live-edge.ts`. */
constexpr double kLiveTolerance = 100, kLagStep = 20, kLongestReplay = 30'000;

HeaderCounter::HeaderCounter(uint32_t ssrc, bool video, uint32_t clockRate)
    : ssrc_(ssrc),
      video_(video),
      ticksPerMs_(std::max(clockRate, 1u) / 1000.0),
      seen_(kWindow / 64),
      markers_(video ? kWindow / 64 : 0),
      firstAt_(std::numeric_limits<double>::quiet_NaN()) {}

size_t HeaderCounter::word(int64_t number) {
  return static_cast<size_t>(number & (kWindow - 1)) / 64;
}

Verdict HeaderCounter::receive(const SeenPacket& packet) {
  if (base_ < 0) {
    begin(packet);
    return {Verdict::kNew, 0};
  }
  const auto distance = static_cast<int16_t>(packet.sequence - static_cast<uint16_t>(highest_));
  const int64_t number = highest_ + distance;
  if (std::abs(static_cast<int>(distance)) > kMaxDropout) return jump(packet);
  restartAt_ = -1;
  if (number > highest_) return advance(number, packet);
  if (number < base_ || highest_ - number >= kWindow) return {Verdict::kIgnored, 0};
  if (isSeen(number)) {
    duplicates_++;
    return {Verdict::kDuplicate, 0};
  }
  store(number, packet);
  received_++;
  walkFrames(packet.arrivedAt);
  return {Verdict::kLate, 0};
}

bool HeaderCounter::restore(const SeenPacket& packet) {
  if (base_ < 0) return false;
  const int64_t number =
      highest_ + static_cast<int16_t>(packet.sequence - static_cast<uint16_t>(highest_));
  // One past the highest is the last packet of a burst that got lost: nothing shows it missing.
  if (number > highest_ || number < base_ || highest_ - number >= kWindow) return false;
  if (isSeen(number)) return false;
  store(number, packet);
  restored_++;
  walkFrames(packet.arrivedAt);
  return true;
}

void HeaderCounter::begin(const SeenPacket& packet) {
  base_ = highest_ = cursor_ = packet.sequence + 0x10000;
  if (std::isnan(firstAt_)) firstAt_ = packet.arrivedAt;
  received_ = 1;
  store(highest_, packet);
  measureJitter(packet);
  followLag(packet);
  walkFrames(packet.arrivedAt);
}

Verdict HeaderCounter::jump(const SeenPacket& packet) {
  if (packet.sequence != restartAt_) {
    restartAt_ = static_cast<uint16_t>(packet.sequence + 1);
    return {Verdict::kIgnored, 0};
  }
  restartAt_ = -1;
  lostBefore_ += highest_ - base_ + 1 - received_ - restored_;
  restored_ = 0;
  std::fill(seen_.begin(), seen_.end(), 0);
  std::fill(markers_.begin(), markers_.end(), 0);
  holes_.clear();
  hasPrevious_ = false;
  isBroken_ = true;
  begin(packet);
  return {Verdict::kNew, 0};
}

Verdict HeaderCounter::advance(int64_t number, const SeenPacket& packet) {
  const int64_t before = highest_;
  for (int64_t passed = before + 1; passed <= number; passed++) {
    const uint64_t others = ~(uint64_t{1} << (passed & 63));
    seen_[word(passed)] &= others;
    if (video_) markers_[word(passed)] &= others;
  }
  const bool gap = number - before > 1;
  if (gap && video_) {
    if (holes_.size() == kMaxHoles) holes_.erase(holes_.begin());
    holes_.push_back({number, packet.arrivedAt});
  }
  highest_ = number;
  received_++;
  store(number, packet);
  measureJitter(packet);
  followLag(packet);
  walkFrames(packet.arrivedAt);
  return {gap ? Verdict::kGap : Verdict::kNew, static_cast<uint16_t>(before)};
}

void HeaderCounter::store(int64_t number, const SeenPacket& packet) {
  const uint64_t bit = uint64_t{1} << (number & 63);
  seen_[word(number)] |= bit;
  if (video_ && packet.marker) markers_[word(number)] |= bit;
  packets_++;
  bytes_ += packet.length;
}

// Of packets in order only: one that is late was not delayed by the network's queue alone.
void HeaderCounter::measureJitter(const SeenPacket& packet) {
  const double passed = packet.arrivedAt - previousAt_;
  const auto sent = static_cast<int32_t>(packet.timestamp - previousTimestamp_);
  previousAt_ = packet.arrivedAt;
  previousTimestamp_ = packet.timestamp;
  if (!hasPrevious_) {
    hasPrevious_ = true;
    return;
  }
  const double difference = std::abs(passed * ticksPerMs_ - sent);
  if (difference <= kMaxTransitChange * ticksPerMs_) jitter_ += (difference - jitter_) / 16;
}

void HeaderCounter::followLag(const SeenPacket& packet) {
  if (packet.arrivedAt - firstAt_ > kLongestReplay) return;
  if (!lags_.empty()) ticks_ += static_cast<int32_t>(packet.timestamp - lagTimestamp_);
  lagTimestamp_ = packet.timestamp;
  const double lag = packet.arrivedAt - ticks_ / ticksPerMs_;
  if (!lags_.empty() && lag >= lags_.back().lag - kLagStep) return;
  const auto tooFar = [lag](const LagRecord& record) { return record.lag > lag + kLiveTolerance; };
  lags_.erase(lags_.begin(), std::find_if_not(lags_.begin(), lags_.end(), tooFar));
  lags_.push_back({packet.arrivedAt, lag});
}

void HeaderCounter::walkFrames(double now) {
  if (!video_) return;
  for (; cursor_ <= highest_; cursor_++) {
    while (!holes_.empty() && holes_.front().end <= cursor_) holes_.erase(holes_.begin());
    if (highest_ - cursor_ >= kWindow || !isSeen(cursor_)) {
      if (!givesUp(now)) return;
      isBroken_ = true;
    } else if (isMarker(cursor_)) {
      frames_++;
      if (!isBroken_) complete(now);
      isBroken_ = false;
    }
  }
}

// A hole that is no longer listed is one too many.
bool HeaderCounter::givesUp(double now) {
  return holes_.empty() || highest_ - cursor_ >= kWindow || now - holes_.front().since >= kGiveUp;
}

void HeaderCounter::complete(double now) {
  if (whole_++ > 0) {
    const double gap = now - wholeAt_;
    if (intervals_ > 0 && gap > freezeLimit()) {
      freezes_++;
      frozen_ += gap;
      longestFreeze_ = std::max(longestFreeze_, gap);
    }
    intervals_++;
    meanInterval_ += (gap - meanInterval_) / static_cast<double>(std::min(intervals_, kMeanOver));
  }
  wholeAt_ = now;
}

double HeaderCounter::freezeLimit() const {
  return std::max(kFreezeFactor * meanInterval_, meanInterval_ + kFreezeExtra);
}

void HeaderCounter::read(double now, double* into) const {
  const int64_t expected = base_ < 0 ? 0 : highest_ - base_ + 1;
  const double frozenNow = intervals_ > 0 && now - wholeAt_ > freezeLimit() ? now - wholeAt_ : 0;
  const double least = lags_.empty() ? 0 : lags_.back().lag;
  double liveAt = std::numeric_limits<double>::quiet_NaN();
  for (const LagRecord& record : lags_) {
    if (record.lag > least + kLiveTolerance) continue;
    liveAt = record.at;
    break;
  }
  const double figures[kFigures] = {
      static_cast<double>(ssrc_),
      video_ ? 1.0 : 0.0,
      static_cast<double>(packets_),
      static_cast<double>(bytes_),
      static_cast<double>(lostBefore_ + expected - received_ - restored_),
      static_cast<double>(duplicates_),
      static_cast<double>(expected),
      static_cast<double>(received_ + duplicates_),
      static_cast<double>(highest_ - 0x10000),
      jitter_,
      ticksPerMs_,
      static_cast<double>(frames_),
      static_cast<double>(whole_),
      static_cast<double>(freezes_ + (frozenNow > 0)),
      std::max(longestFreeze_, frozenNow),
      frozen_ + frozenNow,
      firstAt_,
      wholeAt_,
      liveAt,
  };
  std::copy(figures, figures + kFigures, into);
}

}  // namespace tailrace::load
