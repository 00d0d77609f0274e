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

}  // namespace

struct OutgoingTrack::PendingJump {
  TrackSource source;
  std::shared_ptr<PacketLog> log;
  Replay replay;
};

OutgoingTrack::OutgoingTrack(TrackId trackId, SendingPeer& to, TrackFormat trackFormat,
                             Outlet& outlet, std::shared_ptr<TrackCounters> counters)
    : id(trackId),
      format(std::move(trackFormat)),
      peer(to),
      writer_(to, outlet),
      outlet_(outlet),
      counters_(std::move(counters)),
      nextOut_(format.firstIndex),
      nextRtx_(format.firstRtxIndex) {}

OutgoingTrack::~OutgoingTrack() { leave(); }

bool OutgoingTrack::hasSent() const { return last_.sent; }

PacketLog* OutgoingTrack::log() const { return log_.get(); }

std::optional<uint32_t> OutgoingTrack::timestampDelta() const {
  if (!timeline_) return std::nullopt;
  return timeline_->delta;
}

const TrackCounters& OutgoingTrack::counters() const { return *counters_; }

void OutgoingTrack::follow(const TrackSource& source, std::shared_ptr<PacketLog> log) {
  leave();
  enter(source, std::move(log));
}

void OutgoingTrack::replay(const TrackSource& source, std::shared_ptr<PacketLog> log,
                           const Replay& replay) {
  if (log_ == log && canFinish() && !last_.marker) {
    pendingJump_ = std::make_unique<PendingJump>(PendingJump{source, std::move(log), replay});
    return;
  }
  leave();
  enter(source, std::move(log));
  const uint32_t timestampDelta = timelineOf(*log_, replay.from);
  if (!replay.prefix.empty()) sendPrefix(replay, timestampDelta);
  startSegment(replay.from, timestampDelta, PlayoutDelay::kNow);
  cursor_.emplace(replay, outlet_.now);
}

void OutgoingTrack::setPace(double pace) {
  if (cursor_) cursor_->pace = pace;
}

void OutgoingTrack::deliver(int64_t index) {
  if (!log_ || (cursor_ && index >= cursor_->next)) return;
  if (mapped_ != log_.get()) startSegment(index, timelineOf(*log_, index), PlayoutDelay::kNone);
  sendIndexed(index);
  if (releaseUntil_ > 0 && nextOut_ >= releaseUntil_) {
    releaseUntil_ = 0;
    continueSegment(PlayoutDelay::kNone);
  }
}

bool OutgoingTrack::pump() {
  if (!cursor_ || !log_) return false;
  cursor_->refill(outlet_.now);
  if (!canFinish() && (jump() || cursor_->awaitsJump(outlet_.now))) return false;
  while (cursor_->budget > 0 && cursor_->next < log_->end()) {
    const int64_t index = cursor_->next = std::max(cursor_->next, log_->start());
    // What live tracks have not got yet will be delivered. Sent twice, with two transport-wide
    // numbers in its header, it would be two packets under one nonce.
    if (index >= log_->end()) break;
    if (cursor_->head.open) repeatHead(index);
    const size_t bytes = sendIndexed(index);
    cursor_->next = index + 1;
    if (bytes == 0) continue;
    cursor_->budget -= static_cast<double>(bytes);
    counters_->replayed.add(1);
    if (last_.marker && jump()) return false;
  }
  if (cursor_->next < log_->end()) return false;
  cursor_.reset();
  continueSegment(PlayoutDelay::kRelease);
  releaseUntil_ = nextOut_ + kReleasePackets;
  return true;
}

// A browser that gets a slice before a parameter set, because that one came by repair, never
// shows the picture. So what a keyframe begins with goes twice before its first large packet.
void OutgoingTrack::repeatHead(int64_t index) {
  ReplayHead& head = cursor_->head;
  const Segment* segment = segments_.place(index);
  const PacketView packet = segment ? segment->locate(index) : PacketView{};
  if (!packet.bytes) return;
  if (packet.length < kLargePacket && head.count < ReplayHead::kLongest) {
    head.indices[head.count++] = index;
    return;
  }
  head.open = false;
  for (size_t i = 0; i < head.count; i++) {
    const int64_t early = head.indices[i];
    const Segment* run = segments_.place(early);
    const PacketView again = run ? run->locate(early) : PacketView{};
    if (again.bytes) repeat(*run, again, early + run->delta);
  }
}

bool OutgoingTrack::retransmit(const uint16_t* sequenceNumbers, size_t count) {
  bool held = true;
  for (size_t i = 0; i < count; i++) {
    const auto behind = static_cast<uint16_t>(nextOut_ - sequenceNumbers[i]);
    // Signed: what was never sent lies below zero, before every segment.
    const int64_t out = nextOut_ - (behind == 0 ? 0x10000 : behind);
    const Segment* segment = segments_.find(out);
    if (!segment || out - segment->delta < segment->start()) {
      held = false;
      continue;
    }
    const PacketView packet = segment->locate(out - segment->delta);
    // Out of budget: looking up the rest would be work for nothing.
    if (packet.bytes && !repeat(*segment, packet, out)) break;
  }
  return held;
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
}

void OutgoingTrack::enter(const TrackSource& source, std::shared_ptr<PacketLog> log) {
  source_ = source;
  log_ = std::move(log);
  place_ = log_->members.size();
  log_->members.push_back(this);
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

void OutgoingTrack::sendPrefix(const Replay& replay, uint32_t timestampDelta) {
  const StoredPacket* keyframe = log_->locate(replay.from);
  if (!keyframe) return;
  Segment segment = segmentAt(0, timestampDelta, PlayoutDelay::kNow);
  const uint32_t timestamp = keyframe->view().timestamp();
  auto prefix = std::make_unique<const PrefixStore>(replay.prefix, timestamp);
  const int64_t end = prefix->end();
  segment.prefix = std::move(prefix);
  segments_.push(std::move(segment));
  for (int64_t index = 0; index < end; index++) sendIndexed(index);
}

void OutgoingTrack::startSegment(int64_t index, uint32_t timestampDelta, PlayoutDelay delay) {
  mapped_ = log_.get();
  Segment segment = segmentAt(index, timestampDelta, delay);
  segment.log = log_;
  segments_.push(std::move(segment));
}

// Only a replay is numbered for transport-wide feedback: it alone is paced by it. And only with
// RTX: a repeat on the same SSRC would need the old number, or be another packet (SRTP-61).
Segment OutgoingTrack::segmentAt(int64_t index, uint32_t timestampDelta,
                                 PlayoutDelay delay) const {
  const bool repeatsApart = source_.rtxPayloadType >= 0 && format.rtxSsrc != 0;
  Segment segment;
  segment.firstOut = nextOut_;
  segment.delta = nextOut_ - index;
  segment.timestampDelta = timestampDelta;
  segment.rtxPayloadType = source_.rtxPayloadType;
  segment.header = headerTemplate(format, source_.payloadType, delay,
                                  delay == PlayoutDelay::kNow && repeatsApart);
  return segment;
}

// The same mapping goes on with another header.
void OutgoingTrack::continueSegment(PlayoutDelay delay) {
  const Segment* current = segments_.current();
  if (!current) return;
  Segment next;
  next.log = current->log;
  next.firstOut = nextOut_;
  next.delta = current->delta;
  next.timestampDelta = current->timestampDelta;
  next.rtxPayloadType = current->rtxPayloadType;
  next.header = headerTemplate(format, source_.payloadType, delay, false);
  segments_.push(std::move(next));
}

// A log keeps its offset, also when it is replayed again. Another log goes on where the last
// one stopped plus the time that passed (SRTP-109).
uint32_t OutgoingTrack::timelineOf(const PacketLog& log, int64_t index) {
  if (!timeline_ || timeline_->log != log.id) {
    timeline_ = Timeline{log.id, continuedTime(log, index)};
  }
  return timeline_->delta;
}

uint32_t OutgoingTrack::continuedTime(const PacketLog& log, int64_t index) const {
  const StoredPacket* packet = last_.sent ? log.locate(index) : nullptr;
  if (!packet) return 0;
  const double elapsed = std::max(1.0, outlet_.now - last_.at) / 1000;
  const double ticks = std::floor(elapsed * format.clockRate + 0.5);
  const auto passed = static_cast<uint32_t>(static_cast<int64_t>(ticks));
  return last_.timestamp + passed - packet->view().timestamp();
}

// Returns the bytes sent, 0 for a hole.
size_t OutgoingTrack::sendIndexed(int64_t index) {
  const Segment* segment = segments_.place(index);
  const PacketView packet = segment ? segment->locate(index) : PacketView{};
  if (!packet.bytes) return 0;
  const int64_t out = index + segment->delta;
  const uint32_t timestamp = packet.timestamp() + segment->timestampDelta;
  const size_t sent = sendPacket(*segment, packet, {out, timestamp});
  if (out < nextOut_) return sent;
  nextOut_ = out + 1;
  last_ = {outlet_.now, timestamp, packet.marker(), true};
  return sent;
}

size_t OutgoingTrack::sendPacket(const Segment& segment, PacketView packet,
                                 PacketNumbers numbers) {
  const Written written = writer_.media(packet, segment.header, numbers);
  if (written.datagram == 0) return 0;
  counters_->packets.add(1);
  counters_->bytes.add(written.payload);
  return written.datagram;
}

// Returns false, and sends nothing, when the budget is spent.
bool OutgoingTrack::repeat(const Segment& segment, PacketView packet, int64_t out) {
  if (!budget_.allows(packet.length, outlet_.now)) return false;
  const PacketNumbers numbers{out, packet.timestamp() + segment.timestampDelta};
  counters_->retransmitted.add(1);
  size_t sent = 0;
  if (format.rtxSsrc == 0 || segment.rtxPayloadType < 0) {
    sent = sendPacket(segment, packet, numbers);
  } else {
    const RepeatStream stream{format.rtxSsrc, static_cast<uint8_t>(segment.rtxPayloadType)};
    sent = writer_.repeat(packet, out, stream, {nextRtx_++, numbers.timestamp}).datagram;
  }
  // Repeats take their share of the link: a replay that ignored that would overrun it further.
  if (cursor_) cursor_->budget -= static_cast<double>(sent);
  return true;
}

}  // namespace tailrace
