#pragma once
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "counter.h"
#include "flush-window.h"
#include "outgoing-track.h"

namespace tailrace {

/** What a shard tells, on its own thread. */
class ShardListener {
 public:
  virtual ~ShardListener() = default;
  /** The first packet of a track has left. */
  virtual void started(TrackId track) = 0;
  /** A replay has reached the live end. */
  virtual void caughtUp(TrackId track) = 0;
  /** A NACK asked for what the log no longer holds, or a track has fallen too far behind. */
  virtual void starved(TrackId track) = 0;
};

/** Written by the shard. */
struct ShardCounters {
  /** Live packets of a job that came too late to be worth sending, by viewer. */
  Counter droppedLate;
};

/** The times of one turn. */
struct Now {
  /** Monotonic ms. */
  double monotonic;
  /** Milliseconds since the Unix epoch. */
  double wall;
};

/**
 * Some of the viewers, and everything done for them per packet: sans-IO and single-threaded.
 * Commands go in, datagrams come out at the sink; what needs time happens in `turn`.
 */
class Shard {
 public:
  Shard(DatagramSink& sink, ShardListener& listener, ShardCounters& counters);
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  /** Before commands are carried out: they happen at this time. */
  void setTime(const Now& now) {
    now_ = now;
    outlet_.now = now.monotonic;
  }

  void addPeer(PeerId id, SrtpProfile profile, const SrtpMaster& master, const Destination& to,
               std::shared_ptr<TransportHistory> transport);
  void movePeer(PeerId id, const Destination& to);
  void removePeer(PeerId id);
  /** @param compound plain, in a buffer with room for `kSrtpMaxOverhead` more */
  void sendRtcp(PeerId id, const uint8_t* compound, size_t length);

  void openLog(LogId id);
  void closeLog(LogId id);
  void setClock(LogId id, const LogClock& clock);
  /**
   * A packet was stored. Live tracks get it in this turn, or a little later, with its frame.
   *
   * @param at monotonic ms of its arrival
   */
  void append(LogId id, int64_t index, StoredPacket packet, double at);
  /** The log has let go of everything older. */
  void dropBefore(LogId id, int64_t index);

  void addTrack(PeerId peer, TrackId id, TrackFormat format,
                std::shared_ptr<TrackCounters> counters);
  void removeTrack(TrackId id);
  void follow(TrackId id, const TrackSource& source);
  void replay(TrackId id, const TrackSource& source, const Replay& replay);
  void silence(TrackId id);
  void setPace(TrackId id, double pace);
  void setLivePace(TrackId id, double pace);
  void probe(TrackId id, const Probe& probe);
  void retransmit(TrackId id, const uint16_t* sequenceNumbers, size_t count);

  /** Sends what is due. @returns monotonic ms of the next turn; infinity if only a command helps */
  double turn();
  /** Tells how much of the last turns was work, for the flush window. */
  void measure(double busyMs, double totalMs) { window_.measure(busyMs, totalMs); }

 private:
  struct Peer {
    template <typename... Arguments>
    explicit Peer(Arguments&&... arguments) : sending(std::forward<Arguments>(arguments)...) {}

    SendingPeer sending;
    std::vector<TrackId> tracks;
  };
  struct Track {
    std::unique_ptr<OutgoingTrack> outgoing;
    /** Monotonic ms of the next sender report; infinity while it has no source. */
    double reportDue;
  };
  struct Pending {
    std::shared_ptr<PacketLog> log;
    double since;
    bool complete;
  };

  std::shared_ptr<PacketLog> logOf(LogId id) const;
  OutgoingTrack* trackOf(TrackId id) const;
  /** @param log may be null */
  void settle(PacketLog* log);
  void settle(const Peer& peer);
  void deliverDue(double window);
  void deliverPending(PacketLog& log);
  void pump(OutgoingTrack& track);
  void report(Track& track);
  void started(OutgoingTrack& track);
  void silence(Track& track);
  void forget(TrackId id);

  DatagramSink& sink_;
  ShardListener& listener_;
  ShardCounters& counters_;
  Now now_{0, 0};
  Outlet outlet_;
  FlushWindow window_;
  std::unordered_map<PeerId, std::unique_ptr<Peer>> peers_;
  std::unordered_map<LogId, std::shared_ptr<PacketLog>> logs_;
  std::unordered_map<TrackId, Track> tracks_;
  /** Tracks that replay, probe or are behind: looked at every few ms. */
  std::unordered_set<OutgoingTrack*> pumped_;
  std::vector<Pending> pending_;
  double reportsLookedAt_ = 0;
  double pumpedAt_ = 0;
};

}  // namespace tailrace
