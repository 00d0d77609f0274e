#include "transport-history.h"

#include <algorithm>

namespace tailrace {

// From the top: 46 bits of time in 1/256 ms (eight years), 12 of bytes, 6 of the number. The
// other 10 bits of the number are where the entry lies.
constexpr int kTimeShift = 18;
constexpr int kBytesShift = 6;
constexpr uint64_t kBytesMask = 0xfff;
constexpr uint64_t kCycleMask = 0x3f;
constexpr double kTimeSteps = 256;

uint16_t TransportHistory::next(double now, size_t bytes) {
  if (!written_) {
    auto entries = std::make_shared<Entries>();
    written_ = entries.get();
    std::atomic_store(&entries_, std::move(entries));
  }
  newest_ = now;
  const uint16_t number = next_++;
  // At least one byte: an entry of none would look empty.
  const uint64_t size = std::clamp<uint64_t>(bytes, 1, kBytesMask);
  const auto time = static_cast<uint64_t>(now * kTimeSteps);
  const uint64_t entry = time << kTimeShift | size << kBytesShift | number / kSize;
  (*written_)[number % kSize].store(entry, std::memory_order_relaxed);
  return number;
}

std::optional<SentPacket> TransportHistory::find(uint16_t number) const {
  const std::shared_ptr<Entries> entries = std::atomic_load(&entries_);
  if (!entries) return std::nullopt;
  const uint64_t entry = (*entries)[number % kSize].load(std::memory_order_relaxed);
  const auto size = static_cast<uint16_t>(entry >> kBytesShift & kBytesMask);
  if (size == 0 || (entry & kCycleMask) != number / kSize) return std::nullopt;
  return SentPacket{static_cast<double>(entry >> kTimeShift) / kTimeSteps, size};
}

void TransportHistory::forget() {
  std::atomic_store(&entries_, std::shared_ptr<Entries>());
  written_ = nullptr;
  newest_ = 0;
}

}  // namespace tailrace
