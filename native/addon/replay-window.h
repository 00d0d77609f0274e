#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace tailrace {

/**
 * Remembers which of the newest `kSize` indices have been accepted (RFC 3711 §3.3.2), a bit
 * each. As `native/replay-window.ts`: ask before the packet is authenticated, which costs more;
 * tell after, since a forged packet must not close the window for a real one.
 */
template <size_t kSize>
class ReplayWindow {
  static_assert(kSize >= 64 && (kSize & (kSize - 1)) == 0, "RFC 3711 asks for 64 or more");

 public:
  /** The newest index accepted. */
  std::optional<uint64_t> highest() const { return highest_; }

  bool isFresh(uint64_t index) const {
    if (!highest_ || index > *highest_) return true;
    return *highest_ - index < kSize && (word(index) & bit(index)) == 0;
  }

  void accept(uint64_t index) {
    const uint64_t highest = highest_.value_or(index);
    // Bits of skipped indices still speak of older ones; at most the whole window is skipped.
    const uint64_t oldest = index < kSize ? 0 : index - kSize + 1;
    for (uint64_t i = std::max(highest + 1, oldest); i < index; i++) word(i) &= ~bit(i);
    word(index) |= bit(index);
    highest_ = std::max(highest, index);
  }

 private:
  static uint64_t bit(uint64_t index) { return uint64_t{1} << (index & 63); }
  uint64_t& word(uint64_t index) { return words_[index % kSize / 64]; }
  const uint64_t& word(uint64_t index) const { return words_[index % kSize / 64]; }

  std::array<uint64_t, kSize / 64> words_{};
  std::optional<uint64_t> highest_;
};

}  // namespace tailrace
