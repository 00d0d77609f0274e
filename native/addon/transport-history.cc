#include "transport-history.h"

#include <algorithm>

namespace tailrace {

// From the top: 43 bits of time in 1/256 ms, which wrap within a year; 12 of bytes, 5 of the
// number, 4 of the probe. The other 11 bits of the number are where the entry lies.
constexpr int kTimeShift = 21;
constexpr int kBytesShift = 9;
constexpr int kCycleShift = 4;
constexpr uint64_t kBytesMask = 0xfff;
constexpr uint64_t kCycleMask = 0x1f;
constexpr uint64_t kClusterMask = 0xf;
constexpr double kTimeSteps = 256;

uint16_t TransportHistory::next(double now, size_t bytes) {
  if (!written_) {
    auto entries = std::make_shared<Entries>();
    written_ = entries.get();
    std::atomic_store(&entries_, std::move(entries));
  }
  newest_ = now;
  clusterBytes_ += bytes;
  const uint16_t number = next_++;
  // At least one byte: an entry of none would look empty.
  const uint64_t size = std::clamp<uint64_t>(bytes, 1, kBytesMask);
  const auto time = static_cast<uint64_t>(now * kTimeSteps);
  const uint64_t entry = time << kTimeShift | size << kBytesShift |
                         static_cast<uint64_t>(number / kSize) << kCycleShift |
                         (cluster_ & kClusterMask);
  (*written_)[number % kSize].store(entry, std::memory_order_relaxed);
  return number;
}

std::optional<SentPacket> TransportHistory::View::find(uint16_t number, double now) const {
  if (!entries_) return std::nullopt;
  const uint64_t entry = (*entries_)[number % kSize].load(std::memory_order_relaxed);
  const auto size = static_cast<uint16_t>(entry >> kBytesShift & kBytesMask);
  const bool isThatOne = (entry >> kCycleShift & kCycleMask) == number / kSize;
  if (size == 0 || !isThatOne) return std::nullopt;
  // The time next to now that has these bits.
  const auto nearby = static_cast<int64_t>(now * kTimeSteps);
  const auto ahead = static_cast<int64_t>((entry & ~((uint64_t{1} << kTimeShift) - 1)) -
                                          (static_cast<uint64_t>(nearby) << kTimeShift)) >>
                     kTimeShift;
  const double at = static_cast<double>(nearby + ahead) / kTimeSteps;
  return SentPacket{at, size, static_cast<uint8_t>(entry & kClusterMask)};
}

void TransportHistory::forget() {
  std::atomic_store(&entries_, std::shared_ptr<Entries>());
  written_ = nullptr;
  newest_ = 0;
}

}  // namespace tailrace
