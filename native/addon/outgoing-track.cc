#include "outgoing-track.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tailrace {

namespace {

/** Live packets that carry the release of the playout delay after a replay (DESIGN §6.4). */
constexpr int64_t kReleasePackets = 600;
/** Parameter sets, delimiters and SEI are smaller; slices of a keyframe are not, in bytes. */
constexpr size_t kLargePacket = 300;
/** Places of a log that a probe looks at in one go, holes included. */
constexpr int kProbedAtOnce = 256;

}  // namespace

struct OutgoingTrack::PendingJump {
  TrackSource source;
  std::shared_ptr<PacketLog> log;
  Replay replay;
};

OutgoingTrack::OutgoingTrack(TrackId trackId, SendingPeer& to, TrackFormat format, Outlet& outlet,
                             std::shared_ptr<TrackCounters> counters)
    : id(trackId),
      peer(to),
      stream_(to, std::move(format), outlet, std::move(counters)),
      outlet_(outlet) {}

OutgoingTrack::~OutgoingTrack() { leave(); }

void OutgoingTrack::follow(const TrackSource& source, std::shared_ptr<PacketLog> log) {
  leave();
  enter(source, std::move(log));
}

void OutgoingTrack::replay(const TrackSource& source, std::shared_ptr<PacketLog> log,
                           const Replay& replay) {
  if (log_ == log && canFinish() && !stream_.endedFrame()) {
    pendingJump_ = std::make_unique<PendingJump>(PendingJump{source, std::move(log), replay});
    return;
  }
  leave();
  enter(source, std::move(log));
  if (source.numbered) stream_.startOver();
  stream_.catchUp(*log_, replay);
  if (!replay.prefix.empty()) stream_.sendPrefix(source, *log_, replay);
  begin(replay.from, PlayoutDelay::kNow);
  cursor_.emplace(replay, outlet_.now);
  cursor_->head.open = !format().verbatim;
}

void OutgoingTrack::setPace(double pace) {
  if (cursor_) cursor_->pace = pace;
}

void OutgoingTrack::setLivePace(double pace) {
  stream_.limitRepeats(pace);
  if (pace_) {
    pace_->set(pace, outlet_.now);
  } else if (!std::isinf(pace)) {
    pace_ = std::make_unique<LivePace>(pace, outlet_.now);
  }
}

void OutgoingTrack::probe(const Probe& probe) {
  if (mapped_ != log_.get() || !stream_.numbersRepeats()) return;
  endProbe();
  probe_ = std::make_unique<ProbeRun>(probe, stream_.nextIndex() - 1, outlet_.now);
  peer.transport->beginCluster(probe.cluster);
}

inline void OutgoingTrack::sendLive(int64_t index) {
  const size_t bytes = stream_.send(index);
  if (pace_) pace_->spend(bytes);
  if (releaseUntil_ > 0 && stream_.nextOut() >= releaseUntil_) {
    releaseUntil_ = 0;
    stream_.goOn(PlayoutDelay::kNone);
  }
}

void OutgoingTrack::deliver(int64_t index) {
  if (!log_ || (cursor_ && index >= cursor_->next)) return;
  if (mapped_ != log_.get()) begin(index, PlayoutDelay::kNone);
  if (pace_ && !cursor_ && waits(index)) return;
  sendLive(index);
}

Pumped OutgoingTrack::pump() {
  const Pumped pumped = cursor_ ? goOnReplaying() : catchUp();
  if (probe_) goOnProbing();
  return pumped;
}

bool OutgoingTrack::retransmit(const uint16_t* sequenceNumbers, size_t count) {
  const Retransmitted result = stream_.retransmit(sequenceNumbers, count);
  // Repeats take their share of the link: what ignored that would overrun it further.
  if (cursor_) {
    cursor_->budget -= static_cast<double>(result.bytes);
  } else if (pace_) {
    pace_->spend(result.bytes);
  }
  return result.held;
}

void OutgoingTrack::leave() {
  if (log_) {
    std::vector<OutgoingTrack*>& members = log_->members;
    OutgoingTrack* last = members.back();
    members[place_] = last;
    last->place_ = place_;
    members.pop_back();
  }
  log_.reset();
  mapped_ = nullptr;
  cursor_.reset();
  pendingJump_.reset();
  releaseUntil_ = 0;
  if (pace_) pace_->level();
  endProbe();
}

void OutgoingTrack::enter(const TrackSource& source, std::shared_ptr<PacketLog> log) {
  source_ = source;
  log_ = std::move(log);
  place_ = log_->members.size();
  log_->members.push_back(this);
}

void OutgoingTrack::begin(int64_t index, PlayoutDelay delay) {
  mapped_ = log_.get();
  stream_.begin(source_, log_, index, delay);
}

Pumped OutgoingTrack::goOnReplaying() {
  if (!log_) return Pumped::kNothing;
  cursor_->refill(outlet_.now);
  if (!canFinish() && (jump() || cursor_->awaitsJump(outlet_.now))) return Pumped::kNothing;
  while (cursor_->budget > 0 && cursor_->next < log_->end()) {
    const int64_t index = cursor_->next = std::max(cursor_->next, log_->start());
    // What live tracks have not got yet will be delivered. Sent twice, with two transport-wide
    // numbers in its header, it would be two packets under one nonce.
    if (index >= log_->end()) break;
    if (cursor_->head.open) repeatHead(index);
    const size_t bytes = stream_.send(index);
    cursor_->next = index + 1;
    if (bytes == 0) continue;
    cursor_->budget -= static_cast<double>(bytes);
    stream_.counters().replayed.add(1);
    if (stream_.endedFrame() && jump()) return Pumped::kNothing;
  }
  if (cursor_->next < std::max(log_->end(), cursor_->until)) return Pumped::kNothing;
  cursor_.reset();
  stream_.goOn(PlayoutDelay::kRelease);
  releaseUntil_ = stream_.nextOut() + kReleasePackets;
  return Pumped::kCaughtUp;
}

// A browser that gets a slice before a parameter set, because that one came by repair, never
// shows the picture. So what a keyframe begins with goes twice before its first large packet.
void OutgoingTrack::repeatHead(int64_t index) {
  ReplayHead& head = cursor_->head;
  const size_t length = stream_.lengthOf(index);
  if (length == 0) return;
  if (length < kLargePacket && head.count < ReplayHead::kLongest) {
    head.indices[head.count++] = index;
    return;
  }
  head.open = false;
  for (size_t i = 0; i < head.count; i++) {
    cursor_->budget -= static_cast<double>(stream_.repeat(head.indices[i]));
  }
}

// A new keyframe makes the log let go of the old GOP. Going on behind that gap only to end some
// frame or other would have the viewer ask for all of it.
bool OutgoingTrack::canFinish() const {
  return cursor_ && log_ && cursor_->next >= log_->start();
}

// The frame at hand needs no more; the rest of the old replay is not worth sending.
bool OutgoingTrack::jump() {
  if (!pendingJump_) return false;
  PendingJump to = std::move(*pendingJump_);
  pendingJump_.reset();
  replay(to.source, std::move(to.log), to.replay);
  return true;
}

// What the track has passed waits for nobody: the viewer waits for it.
bool OutgoingTrack::waits(int64_t index) {
  if (pace_->behind()) return index >= pace_->next;
  if (index < stream_.nextIndex()) return false;
  pace_->refill(outlet_.now);
  if (pace_->hasBudget()) return false;
  pace_->fallBehind(index, outlet_.now);
  return true;
}

Pumped OutgoingTrack::catchUp() {
  if (!pace_ || !pace_->behind() || !log_) return Pumped::kNothing;
  pace_->refill(outlet_.now);
  const bool starves = pace_->starves(log_->start(), log_->end(), outlet_.now);
  while (pace_->hasBudget() && pace_->next < log_->end()) {
    const int64_t index = std::max(pace_->next, log_->start());
    // As in a replay: the rest is yet to be delivered.
    if (index >= log_->end()) break;
    pace_->next = index + 1;
    sendLive(index);
  }
  if (pace_->next >= log_->end()) pace_->level();
  return starves ? Pumped::kStarved : Pumped::kNothing;
}

void OutgoingTrack::goOnProbing() {
  const TransportHistory& transport = *peer.transport;
  ProbeRun& run = *probe_;
  const double due = run.due(outlet_.now);
  const auto wanted = [&run](size_t length) { return run.takes(length); };
  for (int looks = 0; looks < kProbedAtOnce; looks++) {
    const double sent = transport.clusterBytes();
    if (transport.cluster() != run.cluster() || run.isDone(sent)) return endProbe();
    if (sent >= due) return;
    if (!stream_.probe(run.next(), wanted) && !run.turn()) return endProbe();
  }
}

void OutgoingTrack::endProbe() {
  if (!probe_) return;
  peer.transport->endCluster(probe_->cluster());
  probe_.reset();
}

}  // namespace tailrace
