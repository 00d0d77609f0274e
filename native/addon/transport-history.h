#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace tailrace {

/** A packet that left under a transport-wide number. */
struct SentPacket {
  /** Monotonic ms, in steps of 1/256. */
  double at;
  /** As sent, SRTP tag included; at most 4095. */
  uint16_t bytes;
  /** Of the probe that it left in, 1–15; 0 outside of any. */
  uint8_t cluster;
};

/**
 * When the numbered packets of one transport left: one count for all its tracks
 * (transport-wide-cc-extensions-01 §2). Has memory only while numbers are given: 16 KiB.
 *
 * Written by one thread, read by any.
 */
class TransportHistory {
 public:
  /** Two seconds at a thousand packets a second. A power of two, as the numbers wrap. */
  static constexpr size_t kSize = 2048;
  // One word each, so that no reader sees half of one: see `next`. 0 is none.
  using Entries = std::array<std::atomic<uint64_t>, kSize>;

  /** What a reader holds on to; the writer need not ask. */
  class View {
   public:
    explicit View(std::shared_ptr<const Entries> entries) : entries_(std::move(entries)) {}
    bool isEmpty() const { return !entries_; }
    /**
     * What feedback speaks of; empty for numbers not given yet or more than 2047 behind.
     *
     * @param now monotonic ms, within a year of the packet
     */
    std::optional<SentPacket> find(uint16_t number, double now) const;

   private:
    std::shared_ptr<const Entries> entries_;
  };

  TransportHistory() = default;
  TransportHistory(const TransportHistory&) = delete;
  TransportHistory& operator=(const TransportHistory&) = delete;

  /**
   * @param now monotonic ms
   * @returns the transport-wide number of a packet that leaves now
   */
  uint16_t next(double now, size_t bytes);
  View view() const { return View(std::atomic_load(&entries_)); }
  /** Monotonic ms at which the newest number was given; 0 while it holds nothing. */
  double newest() const { return newest_; }
  /** Forgets all, by the thread that writes. Numbers go on. */
  void forget();

  // Of the thread that writes, too.

  /** The probe that packets leave in now, 1–15; 0 outside of any. */
  uint8_t cluster() const { return cluster_; }
  /** Bytes that have left in the probe that runs. */
  double clusterBytes() const { return static_cast<double>(clusterBytes_); }
  /** @param cluster of a probe that begins now, instead of any other */
  void beginCluster(uint8_t cluster) {
    cluster_ = cluster;
    clusterBytes_ = 0;
  }
  /** Ends that probe, unless another one has taken its place. */
  void endCluster(uint8_t cluster) {
    if (cluster_ == cluster) cluster_ = 0;
  }

 private:
  std::shared_ptr<Entries> entries_;
  Entries* written_ = nullptr;
  double newest_ = 0;
  uint64_t clusterBytes_ = 0;
  uint16_t next_ = 0;
  uint8_t cluster_ = 0;
};

}  // namespace tailrace
