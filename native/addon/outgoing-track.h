#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "counter.h"
#include "datagram-sink.h"
#include "media-types.h"
#include "packet-log.h"
#include "packet-writer.h"
#include "replay-cursor.h"
#include "retransmission-budget.h"
#include "segments.h"
#include "srtp.h"
#include "transport-history.h"

namespace tailrace {

/** Since the track was added. Written by its shard. */
struct TrackCounters {
  Counter packets;
  /** RTP payload, with padding. */
  Counter bytes;
  Counter retransmitted;
  Counter replayed;
};

/** One secured peer's sending side. */
struct SendingPeer {
  SendingPeer(PeerId peer, SrtpProfile profile, const SrtpMaster& master, const Destination& to,
              std::shared_ptr<TransportHistory> history)
      : id(peer), srtp(profile, master), destination(to), transport(std::move(history)) {}

  const PeerId id;
  SrtpSender srtp;
  Destination destination;
  /** Shared with the JavaScript thread, which looks up what feedback speaks of. */
  const std::shared_ptr<TransportHistory> transport;
};

/** What it takes to get packets on the wire; the shard sets the time before each command. */
struct Outlet {
  DatagramSink& sink;
  /** Monotonic ms. */
  double now = 0;
};

/**
 * One RTP stream towards one viewer. Owns every number that leaves: nobody else may, because
 * one (SSRC, index) used for two packets would give away the GCM key (RFC 7714 §8.4).
 *
 * The reference is `native/twin/outgoing-track.ts`: same commands, same bytes. One thread only.
 */
class OutgoingTrack {
 public:
  OutgoingTrack(TrackId id, SendingPeer& peer, TrackFormat format, Outlet& outlet,
                std::shared_ptr<TrackCounters> counters);
  ~OutgoingTrack();
  OutgoingTrack(const OutgoingTrack&) = delete;
  OutgoingTrack& operator=(const OutgoingTrack&) = delete;

  const TrackId id;
  const TrackFormat format;
  SendingPeer& peer;

  bool hasSent() const;
  /** Null while silent. */
  PacketLog* log() const;
  /** Offset from the log's RTP time to ours, in ticks, once something was sent. */
  std::optional<uint32_t> timestampDelta() const;
  const TrackCounters& counters() const;

  void follow(const TrackSource& source, std::shared_ptr<PacketLog> log);
  void replay(const TrackSource& source, std::shared_ptr<PacketLog> log, const Replay& replay);
  /** @param pace bytes per ms */
  void setPace(double pace);
  /** A packet was stored. During a replay only what the cursor has passed goes out now. */
  void deliver(int64_t index);
  /** Sends what the pace allows. @returns true when the replay has just reached the live end */
  bool pump();
  /**
   * @param sequenceNumbers outgoing, 16 bits
   * @returns false when one of them is no longer held: only a replay helps
   */
  bool retransmit(const uint16_t* sequenceNumbers, size_t count);
  /** Sends nothing more until it gets another source. What has left can still be repeated. */
  void leave();

 private:
  struct PendingJump;
  // Offset from the log's RTP time to ours.
  struct Timeline {
    LogId log;
    uint32_t delta;
  };
  // The packet that got the highest number.
  struct Last {
    double at = 0;
    uint32_t timestamp = 0;
    bool marker = true;
    bool sent = false;
  };

  void enter(const TrackSource& source, std::shared_ptr<PacketLog> log);
  bool canFinish() const;
  bool jump();
  void startSegment(int64_t index, uint32_t timestampDelta, PlayoutDelay delay);
  void sendPrefix(const Replay& replay, uint32_t timestampDelta);
  void continueSegment(PlayoutDelay delay);
  Segment segmentAt(int64_t index, uint32_t timestampDelta, PlayoutDelay delay) const;
  uint32_t timelineOf(const PacketLog& log, int64_t index);
  uint32_t continuedTime(const PacketLog& log, int64_t index) const;
  size_t sendIndexed(int64_t index);
  size_t sendPacket(const Segment& segment, PacketView packet, PacketNumbers numbers);
  bool repeat(const Segment& segment, PacketView packet, int64_t out);
  void repeatHead(int64_t index);

  // What a live packet touches comes first.
  PacketWriter writer_;
  Outlet& outlet_;
  const std::shared_ptr<TrackCounters> counters_;
  std::shared_ptr<PacketLog> log_;
  // The log that the current segment maps, unless the track has left it since.
  const PacketLog* mapped_ = nullptr;
  int64_t nextOut_;
  // Outgoing index at which the playout delay is released; 0 for none.
  int64_t releaseUntil_ = 0;
  Last last_;
  Segments segments_;
  std::optional<ReplayCursor> cursor_;

  int64_t nextRtx_;
  TrackSource source_;
  std::optional<Timeline> timeline_;
  RetransmissionBudget budget_;
  std::unique_ptr<PendingJump> pendingJump_;
  // Where the track stands among the members of its log.
  size_t place_ = 0;
};

}  // namespace tailrace
