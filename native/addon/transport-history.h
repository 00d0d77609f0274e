#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace tailrace {

/** A packet that left under a transport-wide number. */
struct SentPacket {
  /** Monotonic ms, in steps of 1/256. */
  double at;
  /** As sent, SRTP tag included; at most 4095. */
  uint16_t bytes;
};

/**
 * When the numbered packets of one transport left: one count for all its tracks
 * (transport-wide-cc-extensions-01 §2). Has memory only while numbers are given, which is during
 * replays: 8 KiB.
 *
 * Written by one thread, read by any.
 */
class TransportHistory {
 public:
  TransportHistory() = default;
  TransportHistory(const TransportHistory&) = delete;
  TransportHistory& operator=(const TransportHistory&) = delete;

  /**
   * @param now monotonic ms
   * @returns the transport-wide number of a packet that leaves now
   */
  uint16_t next(double now, size_t bytes);
  /** What feedback speaks of; empty for numbers not given yet or more than 1023 behind. */
  std::optional<SentPacket> find(uint16_t number) const;
  /** Monotonic ms at which the newest number was given; 0 while it holds nothing. */
  double newest() const { return newest_; }
  /** Forgets all, by the thread that writes. Numbers go on. */
  void forget();

 private:
  /** A second of a fast replay: feedback comes sooner. A power of two, as the numbers wrap. */
  static constexpr size_t kSize = 1024;

  // One word each, so that no reader sees half of one: see `next`. 0 is none.
  using Entries = std::array<std::atomic<uint64_t>, kSize>;

  // The reader holds on to what it looks at; the writer need not ask.
  std::shared_ptr<Entries> entries_;
  Entries* written_ = nullptr;
  double newest_ = 0;
  uint16_t next_ = 0;
};

}  // namespace tailrace
