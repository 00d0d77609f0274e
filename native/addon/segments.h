#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "header-template.h"
#include "packet-log.h"
#include "prefix-store.h"
#include "time-map.h"

namespace tailrace {

/** A run of outgoing numbers that map to one log by one constant (DESIGN §6.2). */
struct Segment {
  /** Where the packets are: in a log, or in a prefix of the segment's own. */
  std::shared_ptr<PacketLog> log;
  std::unique_ptr<const PrefixStore> prefix;
  /** Outgoing index (48 bits) of the first packet; the run ends where the next one starts. */
  int64_t firstOut = 0;
  /** Outgoing index minus ingest index. */
  int64_t delta = 0;
  TimeMap time{};
  HeaderTemplate header{};
  /** Of its repeats by RTX; of no length where they are the same packets again. */
  HeaderTemplate repeats{};

  bool exists() const { return log || prefix; }
  /** The oldest ingest index still held. */
  int64_t start() const { return log ? log->start() : 0; }

  PacketView locate(int64_t index) const {
    if (!log) return prefix->locate(index);
    const StoredPacket* found = log->locate(index);
    return found ? found->view() : PacketView{};
  }

  bool sameMapping(const Segment& other) const {
    return log == other.log && prefix == other.prefix && delta == other.delta;
  }
};

/**
 * The history of one outgoing track: which packet of which log has which outgoing number. No
 * entry per packet, so a viewer's memory does not grow with the bitrate.
 */
class Segments {
 public:
  /** Null before the first. Valid until the next `push`, as all others. */
  const Segment* current() const { return current_.exists() ? &current_ : nullptr; }

  void push(Segment segment);
  /** The run that outgoing index `out` belongs to; null if that is forgotten. */
  const Segment* find(int64_t out) const;

  /**
   * The run in which packet `index` of the current source has its number: the newest one, or
   * an older one of the same mapping when the packet came late.
   */
  const Segment* place(int64_t index) const {
    if (!current_.exists()) return nullptr;
    const int64_t out = index + current_.delta;
    return current_.firstOut <= out ? &current_ : placeBefore(out);
  }

 private:
  /** Kept per viewer: enough for a minute of restarts, each far older than any NACK. */
  static constexpr size_t kMost = 32;

  const Segment* placeBefore(int64_t out) const;

  // The one that every live packet needs lies in the track itself.
  Segment current_;
  std::vector<Segment> older_;
};

}  // namespace tailrace
