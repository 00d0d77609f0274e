#pragma once
#include <cstdint>
#include <memory>
#include <optional>

#include "live-pace.h"
#include "media-types.h"
#include "outgoing-stream.h"
#include "packet-log.h"
#include "probe-run.h"
#include "replay-cursor.h"
#include "sending-peer.h"

namespace tailrace {

/** What a look at a track came to. */
enum class Pumped : uint8_t { kNothing, kCaughtUp, kStarved };

/**
 * One RTP stream towards one viewer: what is sent from where, and when. Its numbers are those of
 * its `OutgoingStream`.
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
  SendingPeer& peer;

  const TrackFormat& format() const { return stream_.format; }
  bool hasSent() const { return stream_.hasSent(); }
  /** Null while silent. */
  PacketLog* log() const { return log_.get(); }
  /** Offset from the log's RTP time to ours, in ticks, once something was sent. */
  std::optional<uint32_t> timestampDelta() const { return stream_.timestampDelta(); }
  const TrackCounters& counters() const { return stream_.counters(); }

  void follow(const TrackSource& source, std::shared_ptr<PacketLog> log);
  void replay(const TrackSource& source, std::shared_ptr<PacketLog> log, const Replay& replay);
  /** @param pace bytes per ms */
  void setPace(double pace);
  /** @param pace bytes per ms of live packets; infinity for at once */
  void setLivePace(double pace);
  /**
   * A track without a source repeats what it sent last: whether it can have one again is the
   * question. Does nothing on a track that cannot repeat with numbers.
   */
  void probe(const Probe& probe);
  /** A packet was stored. While the track is on its way, only what it has passed goes out now. */
  void deliver(int64_t index);
  /** Whether `pump` has something to do. */
  bool needsPump() const { return cursor_ || probe_ || (pace_ && pace_->behind()); }
  /** Sends what the paces allow. */
  Pumped pump();
  /**
   * @param sequenceNumbers outgoing, 16 bits
   * @returns false when one of them is no longer held: only a replay helps
   */
  bool retransmit(const uint16_t* sequenceNumbers, size_t count);
  /** Sends nothing more until it gets another source. What has left can still be repeated. */
  void leave();

 private:
  struct PendingJump;

  void enter(const TrackSource& source, std::shared_ptr<PacketLog> log);
  void begin(int64_t index, PlayoutDelay delay);
  Pumped goOnReplaying();
  void repeatHead(int64_t index);
  bool canFinish() const;
  bool jump();
  void sendLive(int64_t index);
  bool waits(int64_t index);
  Pumped catchUp();
  void goOnProbing();
  void endProbe();

  // What a live packet touches comes first.
  std::shared_ptr<PacketLog> log_;
  // The log that the current segment maps, unless the track has left it since.
  const PacketLog* mapped_ = nullptr;
  // Outgoing index at which the playout delay is released; 0 for none.
  int64_t releaseUntil_ = 0;
  // Null while live packets leave at once.
  std::unique_ptr<LivePace> pace_;
  std::unique_ptr<ProbeRun> probe_;
  OutgoingStream stream_;
  std::optional<ReplayCursor> cursor_;

  Outlet& outlet_;
  TrackSource source_;
  std::unique_ptr<PendingJump> pendingJump_;
  // Where the track stands among the members of its log.
  size_t place_ = 0;
};

}  // namespace tailrace
