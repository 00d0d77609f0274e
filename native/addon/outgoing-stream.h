#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>

#include "counter.h"
#include "datagram-sink.h"
#include "media-types.h"
#include "packet-log.h"
#include "packet-writer.h"
#include "retransmission-budget.h"
#include "segments.h"
#include "sending-peer.h"
#include "timeline.h"

namespace tailrace {

/** Since the track was added. Written by its shard. */
struct TrackCounters {
  Counter packets;
  /** RTP payload, with padding. */
  Counter bytes;
  Counter retransmitted;
  Counter replayed;
  Counter probed;
};

/** What came of a request for repeats. */
struct Retransmitted {
  /** False when one of them is not held any more: only a replay helps. */
  bool held;
  size_t bytes;
};

/**
 * The packets of one outgoing track: which packet of which log leaves, or left, under which
 * number. Owns every number that leaves: nobody else may, because one (SSRC, index) used for two
 * packets would give away the GCM key (RFC 7714 §8.4).
 *
 * The reference is `native/twin/outgoing-stream.ts`: same commands, same bytes.
 */
class OutgoingStream {
 public:
  OutgoingStream(SendingPeer& peer, TrackFormat format, Outlet& outlet,
                 std::shared_ptr<TrackCounters> counters);

  const TrackFormat format;

  TrackCounters& counters() const { return *counters_; }
  bool hasSent() const { return last_.sent; }
  /** Whether the packet sent last ended a frame. */
  bool endedFrame() const { return last_.marker; }
  std::optional<uint32_t> timestampDelta() const { return timeline_.delta(); }
  /** Outgoing index of the next packet, 48 bits. */
  int64_t nextOut() const { return nextOut_; }
  /** Ingest index that has, or would have, the next outgoing number. */
  int64_t nextIndex() const {
    const Segment* current = segments_.current();
    return nextOut_ - (current ? current->delta : 0);
  }
  /**
   * A keyframe comes next, on a link that may have become narrow: what was sent before it is of no
   * use to a decoder any more, and repeats of it would only be in the keyframe's way.
   */
  void startOver() { startedOver_ = nextOut_; }
  /** A replay comes next. */
  void catchUp(const PacketLog& log, const Replay& replay) {
    if (!format.verbatim) timeline_.catchUp(log, replay, last_, outlet_.now);
  }
  /** @param pace bytes per ms of live packets */
  void limitRepeats(double pace) { budget_.limit(pace); }

  /** Whether repeats of what is sent now are numbered, too. */
  bool numbersRepeats() const {
    const Segment* current = segments_.current();
    return current && current->repeats.transportCcAt != 0;
  }

  /** From now on packet `index` of the log has the next number, and the others follow from it. */
  void begin(const TrackSource& source, const std::shared_ptr<PacketLog>& log, int64_t index,
             PlayoutDelay delay);
  /** Sends the packets of our own making that belong to the keyframe that the replay begins with. */
  void sendPrefix(const TrackSource& source, const PacketLog& log, const Replay& replay);
  /** The same mapping goes on with another header. */
  void goOn(PlayoutDelay delay);

  /** @returns the bytes sent, 0 for a hole */
  size_t send(int64_t index);
  /** Bytes of the stored packet at that index of the current source; 0 for a hole. */
  size_t lengthOf(int64_t index) const;
  /** Sends a packet of the current source once more. @returns bytes, 0 for a hole or no budget */
  size_t repeat(int64_t index);
  /** @param sequenceNumbers outgoing, 16 bits */
  Retransmitted retransmit(const uint16_t* sequenceNumbers, size_t count);
  /**
   * Repeats a packet of the current source for a probe, if it is one that `wanted` takes.
   *
   * @param wanted is given the length of the stored packet
   * @returns false when nothing that old has left from this source
   */
  template <typename Wanted>
  bool probe(int64_t index, const Wanted& wanted) {
    const Segment* segment = segments_.place(index);
    if (!segment || segment->repeats.transportCcAt == 0 || index < segment->start()) return false;
    const PacketView packet = segment->locate(index);
    if (!packet.bytes || !wanted(packet.length)) return true;
    sendRepeat(*segment, packet, index + segment->delta);
    counters_->probed.add(1);
    return true;
  }

 private:
  Segment verbatimSegment() const;
  Segment segmentAt(int64_t index, const TimeMap& time, PlayoutDelay delay) const;
  HeaderTemplate mediaTemplate(PlayoutDelay delay, bool repeatsApart) const;
  HeaderTemplate repeatTemplate() const;
  size_t sendPacket(const Segment& segment, PacketView packet, PacketNumbers numbers);
  std::optional<size_t> repeat(const Segment& segment, PacketView packet, int64_t out);
  size_t sendRepeat(const Segment& segment, PacketView packet, int64_t original);

  // What a live packet touches comes first.
  PacketWriter writer_;
  Outlet& outlet_;
  const std::shared_ptr<TrackCounters> counters_;
  int64_t nextOut_;
  LastPacket last_;
  Segments segments_;

  int64_t nextRtx_;
  // Outgoing index of the first packet that is worth a repeat.
  int64_t startedOver_ = std::numeric_limits<int64_t>::min();
  TrackSource source_;
  Timeline timeline_;
  RetransmissionBudget budget_;
};

}  // namespace tailrace
