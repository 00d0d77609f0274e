#include "shard.h"

#include <algorithm>
#include <limits>

#include "track-report.h"

namespace tailrace {

constexpr double kNever = std::numeric_limits<double>::infinity();
/** Between two looks at what goes at a pace of its own, in ms. */
constexpr double kPumpInterval = 2;
/** Between two looks at every track's report, in ms: a report may be that late. */
constexpr double kReportLookInterval = 100;
/** Between two sender reports of a track, in ms (SRTP-44). */
constexpr double kReportInterval = 1000;
/** Feedback that comes later, in ms after the last numbered packet, tells nothing any more. */
constexpr double kHistoryKept = 3000;
/**
 * A live packet that waited longer, in ms, is of no use. Far longer than a viewer waits before it
 * asks again: what is dropped earlier is asked for by everybody at once, and a repair costs more
 * than a packet of a long train.
 */
constexpr double kLateAfter = 1000;

Shard::Shard(DatagramSink& sink, ShardListener& listener, ShardCounters& counters)
    : sink_(sink), listener_(listener), counters_(counters), outlet_{sink} {}

void Shard::addPeer(PeerId id, SrtpProfile profile, const SrtpMaster& master,
                    const Destination& to, std::shared_ptr<TransportHistory> transport) {
  removePeer(id);
  peers_.emplace(id, std::make_unique<Peer>(id, profile, master, to, std::move(transport)));
}

void Shard::movePeer(PeerId id, const Destination& to) {
  const auto peer = peers_.find(id);
  if (peer == peers_.end()) return;
  settle(*peer->second);
  // Trains under way name the old destination by reference.
  sink_.flush();
  peer->second->sending.destination = to;
}

void Shard::removePeer(PeerId id) {
  const auto peer = peers_.find(id);
  if (peer == peers_.end()) return;
  settle(*peer->second);
  const std::vector<TrackId> tracks = peer->second->tracks;
  for (const TrackId track : tracks) forget(track);
  sink_.flush();
  peers_.erase(peer);
}

void Shard::sendRtcp(PeerId id, const uint8_t* compound, size_t length) {
  const auto peer = peers_.find(id);
  if (peer == peers_.end() || length + kSrtpMaxOverhead > kDatagramRoom) return;
  settle(*peer->second);
  uint8_t* datagram = sink_.take();
  std::copy(compound, compound + length, datagram);
  SendingPeer& to = peer->second->sending;
  sink_.send(to.destination, to.srtp.protectRtcp(datagram, length));
}

void Shard::openLog(LogId id) { logs_.emplace(id, std::make_shared<PacketLog>(id)); }

void Shard::closeLog(LogId id) {
  const std::shared_ptr<PacketLog> log = logOf(id);
  if (!log) return;
  settle(log.get());
  logs_.erase(id);
  const std::vector<OutgoingTrack*> members = log->members;
  for (OutgoingTrack* track : members) silence(tracks_.at(track->id));
  log->dropBefore(log->end());
}

void Shard::setClock(LogId id, const LogClock& clock) {
  if (const auto log = logOf(id)) log->clock = clock;
}

void Shard::append(LogId id, int64_t index, StoredPacket packet, double at) {
  const auto found = logs_.find(id);
  if (found == logs_.end()) return;
  const std::shared_ptr<PacketLog>& log = found->second;
  const bool marker = packet.view().marker();
  if (!log->append(index, std::move(packet))) return;
  if (now_.monotonic - at > kLateAfter) {
    counters_.droppedLate.add(log->members.size());
    if (log->pending.empty()) log->publish();
    return;
  }
  if (log->pending.empty()) pending_.push_back({log, now_.monotonic, false});
  log->pending.push_back(index);
  // What was asked for again is waited for already.
  if (!marker && index >= log->end()) return;
  for (Pending& one : pending_) {
    if (one.log == log) one.complete = true;
  }
}

void Shard::dropBefore(LogId id, int64_t index) {
  const auto log = logOf(id);
  if (!log) return;
  if (!log->pending.empty() && log->pending.front() < index) settle(log.get());
  log->dropBefore(index);
}

void Shard::addTrack(PeerId peerId, TrackId id, TrackFormat format,
                     std::shared_ptr<TrackCounters> counters) {
  const auto peer = peers_.find(peerId);
  if (peer == peers_.end() || tracks_.count(id) > 0) return;
  peer->second->tracks.push_back(id);
  tracks_[id] = {std::make_unique<OutgoingTrack>(id, peer->second->sending, std::move(format),
                                                 outlet_, std::move(counters)),
                 kNever};
}

void Shard::removeTrack(TrackId id) {
  const OutgoingTrack* track = trackOf(id);
  if (!track) return;
  settle(track->log());
  const auto peer = peers_.find(track->peer.id);
  auto& tracks = peer->second->tracks;
  tracks.erase(std::remove(tracks.begin(), tracks.end(), id), tracks.end());
  forget(id);
}

void Shard::follow(TrackId id, const TrackSource& source) {
  OutgoingTrack* track = trackOf(id);
  const auto log = logOf(source.log);
  if (!track || !log) return;
  settle(track->log());
  settle(log.get());
  pumped_.erase(track);
  track->follow(source, log);
  tracks_[id].reportDue = 0;
}

void Shard::replay(TrackId id, const TrackSource& source, const Replay& replay) {
  OutgoingTrack* track = trackOf(id);
  const auto log = logOf(source.log);
  if (!track || !log) return;
  settle(track->log());
  settle(log.get());
  track->replay(source, log, replay);
  tracks_[id].reportDue = 0;
  pump(*track);
}

void Shard::silence(TrackId id) {
  const auto track = tracks_.find(id);
  if (track == tracks_.end()) return;
  settle(track->second.outgoing->log());
  silence(track->second);
}

void Shard::setPace(TrackId id, double pace) {
  if (OutgoingTrack* track = trackOf(id)) track->setPace(pace);
}

void Shard::setLivePace(TrackId id, double pace) {
  OutgoingTrack* track = trackOf(id);
  if (!track) return;
  settle(track->log());
  track->setLivePace(pace);
}

void Shard::probe(TrackId id, const Probe& probe) {
  OutgoingTrack* track = trackOf(id);
  if (!track) return;
  settle(track->log());
  track->probe(probe);
  pump(*track);
}

void Shard::retransmit(TrackId id, const uint16_t* sequenceNumbers, size_t count) {
  OutgoingTrack* track = trackOf(id);
  if (!track) return;
  settle(track->log());
  if (!track->retransmit(sequenceNumbers, count)) listener_.starved(id);
}

double Shard::turn() {
  const double now = now_.monotonic;
  const double window = window_.length();
  deliverDue(window);
  if (!pumped_.empty() && now - pumpedAt_ >= kPumpInterval) {
    pumpedAt_ = now;
    const std::vector<OutgoingTrack*> tracks(pumped_.begin(), pumped_.end());
    for (OutgoingTrack* track : tracks) pump(*track);
  }
  if (now - reportsLookedAt_ >= kReportLookInterval) {
    reportsLookedAt_ = now;
    for (auto& [id, track] : tracks_) {
      if (track.reportDue <= now) report(track);
    }
  }
  sink_.flush();
  double next = tracks_.empty() ? kNever : reportsLookedAt_ + kReportLookInterval;
  if (!pumped_.empty()) next = std::min(next, pumpedAt_ + kPumpInterval);
  for (const Pending& one : pending_) next = std::min(next, one.since + window);
  return next;
}

// Frames that are complete, and what has waited for the rest of its frame for the whole window.
void Shard::deliverDue(double window) {
  size_t kept = 0;
  for (Pending& one : pending_) {
    if (one.complete || now_.monotonic - one.since >= window) {
      deliverPending(*one.log);
    } else {
      std::swap(pending_[kept++], one);
    }
  }
  pending_.resize(kept);
}

std::shared_ptr<PacketLog> Shard::logOf(LogId id) const {
  const auto log = logs_.find(id);
  return log == logs_.end() ? nullptr : log->second;
}

OutgoingTrack* Shard::trackOf(TrackId id) const {
  const auto track = tracks_.find(id);
  return track == tracks_.end() ? nullptr : track->second.outgoing.get();
}

// A command finds what was stored before it delivered, however long that might still have waited
// for its frame: what a track sends next depends on what it has sent.
void Shard::settle(PacketLog* log) {
  if (!log || log->pending.empty()) return;
  deliverPending(*log);
  pending_.erase(std::remove_if(pending_.begin(), pending_.end(),
                                [&](const Pending& one) { return one.log.get() == log; }),
                 pending_.end());
}

void Shard::settle(const Peer& peer) {
  for (const TrackId track : peer.tracks) settle(tracks_.at(track).outgoing->log());
}

// Viewer by viewer, so that what one viewer gets leaves as one train.
void Shard::deliverPending(PacketLog& log) {
  if (log.pending.empty()) return;
  for (OutgoingTrack* track : log.members) {
    const bool first = !track->hasSent();
    for (const int64_t index : log.pending) track->deliver(index);
    if (first && track->hasSent()) started(*track);
    if (track->needsPump()) pumped_.insert(track);
  }
  log.publish();
}

void Shard::pump(OutgoingTrack& track) {
  const bool first = !track.hasSent();
  const Pumped pumped = track.pump();
  if (first && track.hasSent()) started(track);
  if (track.needsPump()) {
    pumped_.insert(&track);
  } else {
    pumped_.erase(&track);
  }
  if (pumped == Pumped::kCaughtUp) listener_.caughtUp(track.id);
  if (pumped == Pumped::kStarved) listener_.starved(track.id);
}

void Shard::started(OutgoingTrack& track) {
  listener_.started(track.id);
  report(tracks_.at(track.id));
}

void Shard::report(Track& track) {
  OutgoingTrack& outgoing = *track.outgoing;
  uint8_t* datagram = sink_.take();
  const size_t length = writeTrackReport(outgoing, now_.wall, datagram);
  if (length == 0) return;
  track.reportDue = now_.monotonic + kReportInterval;
  SendingPeer& to = outgoing.peer;
  const double numbered = to.transport->newest();
  if (numbered > 0 && now_.monotonic - numbered > kHistoryKept) to.transport->forget();
  sink_.send(to.destination, to.srtp.protectRtcp(datagram, length));
}

void Shard::silence(Track& track) {
  track.outgoing->leave();
  pumped_.erase(track.outgoing.get());
  track.reportDue = kNever;
}

void Shard::forget(TrackId id) {
  const auto track = tracks_.find(id);
  if (track == tracks_.end()) return;
  silence(track->second);
  tracks_.erase(track);
}

}  // namespace tailrace
