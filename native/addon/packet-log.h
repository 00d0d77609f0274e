#pragma once
#include <cstdint>
#include <vector>

#include "media-types.h"
#include "slab.h"

namespace tailrace {

class OutgoingTrack;

/**
 * A shard's mirror of one packet log: packets by ingest index, filled in the order of the
 * shard's commands. `relay/packet-log.ts` decides how far back it reaches.
 *
 * An index stands for one packet for ever: what was stored, and later dropped, never comes back
 * with other bytes. The SRTP index that a viewer gets for it depends on that (RFC 7714 §8.4).
 */
class PacketLog {
 public:
  explicit PacketLog(LogId id) : id(id) {}

  const LogId id;
  LogClock clock;
  /** Tracks that follow this log or replay it. */
  std::vector<OutgoingTrack*> members;

  /** Stored since the last `publish`, in the order of arrival: not yet sent to live tracks. */
  std::vector<int64_t> pending;

  int64_t start() const { return start_; }
  /** One past the newest index that live tracks have got: how far a replay may read. */
  int64_t end() const { return published_; }

  /** @returns false for a packet already held and for one too old to be of use */
  bool append(int64_t index, StoredPacket packet);
  /** Live tracks have got all that is stored. */
  void publish() {
    published_ = end_;
    pending.clear();
  }
  /** Null for a hole and for what is not held. */
  const StoredPacket* locate(int64_t index) const;
  /** Lets go of everything older than `index`. */
  void dropBefore(int64_t index);

 private:
  StoredPacket& at(int64_t index) { return ring_[static_cast<size_t>(index) & (ring_.size() - 1)]; }
  bool extendDown(int64_t index);
  void grow(int64_t span);

  // A power of two, by index. A length of 0 is a hole.
  std::vector<StoredPacket> ring_;
  int64_t start_ = 0;
  /** One past the newest index stored. */
  int64_t end_ = 0;
  int64_t published_ = 0;
  bool hasDropped_ = false;
};

}  // namespace tailrace
