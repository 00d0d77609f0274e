#include "outgoing-stream.h"

#include <utility>

#include "bytes.h"

namespace tailrace {

OutgoingStream::OutgoingStream(SendingPeer& peer, TrackFormat trackFormat, Outlet& outlet,
                               std::shared_ptr<TrackCounters> counters)
    : format(std::move(trackFormat)),
      writer_(peer, outlet),
      outlet_(outlet),
      counters_(std::move(counters)),
      nextOut_(format.firstIndex),
      nextRtx_(format.firstRtxIndex),
      timeline_(format.clockRate),
      budget_(format.verbatim ? RetransmissionBudget::forLink() : RetransmissionBudget()) {}

void OutgoingStream::begin(const TrackSource& source, const std::shared_ptr<PacketLog>& log,
                           int64_t index, PlayoutDelay delay) {
  source_ = source;
  Segment segment = format.verbatim
                        ? verbatimSegment()
                        : segmentAt(index, timeline_.of(*log, index, last_, outlet_.now), delay);
  segment.log = log;
  segments_.push(std::move(segment));
}

void OutgoingStream::sendPrefix(const TrackSource& source, const PacketLog& log,
                                const Replay& replay) {
  if (format.verbatim) return;
  source_ = source;
  const TimeMap& time = timeline_.of(log, replay.from, last_, outlet_.now);
  const StoredPacket* keyframe = log.locate(replay.from);
  if (!keyframe) return;
  Segment segment = segmentAt(0, time, PlayoutDelay::kNow);
  const uint32_t timestamp = keyframe->view().timestamp();
  auto prefix = std::make_unique<const PrefixStore>(replay.prefix, timestamp);
  const int64_t end = prefix->end();
  segment.prefix = std::move(prefix);
  segments_.push(std::move(segment));
  for (int64_t index = 0; index < end; index++) send(index);
}

void OutgoingStream::goOn(PlayoutDelay delay) {
  const Segment* current = segments_.current();
  if (!current || format.verbatim) return;
  timeline_.settle(last_);
  Segment next;
  next.log = current->log;
  next.firstOut = nextOut_;
  next.delta = current->delta;
  next.time = current->time.after(last_.timestamp);
  next.repeats = current->repeats;
  next.header = mediaTemplate(delay, current->repeats.length != 0);
  segments_.push(std::move(next));
}

size_t OutgoingStream::send(int64_t index) {
  const Segment* segment = segments_.place(index);
  const PacketView packet = segment ? segment->locate(index) : PacketView{};
  if (!packet.bytes) return 0;
  const int64_t out = index + segment->delta;
  const uint32_t timestamp = segment->time.at(packet.timestamp());
  const size_t sent = sendPacket(*segment, packet, {out, timestamp});
  if (out < nextOut_) return sent;
  nextOut_ = out + 1;
  last_ = {outlet_.now, timestamp, packet.marker(), true};
  return sent;
}

size_t OutgoingStream::lengthOf(int64_t index) const {
  const Segment* segment = segments_.place(index);
  return segment ? segment->locate(index).length : 0;
}

size_t OutgoingStream::repeat(int64_t index) {
  const Segment* segment = segments_.place(index);
  const PacketView packet = segment ? segment->locate(index) : PacketView{};
  if (!packet.bytes) return 0;
  return repeat(*segment, packet, index + segment->delta).value_or(0);
}

Retransmitted OutgoingStream::retransmit(const uint16_t* sequenceNumbers, size_t count) {
  Retransmitted result{true, 0};
  for (size_t i = 0; i < count; i++) {
    const auto behind = static_cast<uint16_t>(nextOut_ - sequenceNumbers[i]);
    // Signed: what was never sent lies below zero, before every segment.
    const int64_t out = nextOut_ - (behind == 0 ? 0x10000 : behind);
    if (out < startedOver_) continue;
    const Segment* segment = segments_.find(out);
    if (!segment || out - segment->delta < segment->start()) {
      result.held = false;
      continue;
    }
    const PacketView packet = segment->locate(out - segment->delta);
    if (!packet.bytes) continue;
    const std::optional<size_t> sent = repeat(*segment, packet, out);
    // Out of budget: looking up the rest would be work for nothing.
    if (!sent) break;
    result.bytes += *sent;
  }
  return result;
}

Segment OutgoingStream::segmentAt(int64_t index, const TimeMap& time, PlayoutDelay delay) const {
  Segment segment;
  segment.firstOut = nextOut_;
  segment.delta = nextOut_ - index;
  segment.time = time;
  segment.repeats = repeatTemplate();
  segment.header = mediaTemplate(delay, segment.repeats.length != 0);
  return segment;
}

// Every index of the log has its number once and for all.
Segment OutgoingStream::verbatimSegment() const {
  Segment segment;
  segment.delta = -format.base;
  return segment;
}

// Of other sources only replays are numbered: they are paced by what feedback tells. And only
// with RTX: a repeat on the same SSRC would need the old number, or be another packet (SRTP-61).
HeaderTemplate OutgoingStream::mediaTemplate(PlayoutDelay delay, bool repeatsApart) const {
  const bool numbered = repeatsApart && (source_.numbered || delay == PlayoutDelay::kNow);
  return headerTemplate(format, source_.payloadType, delay, numbered);
}

// Empty where repeats are the same packets again.
HeaderTemplate OutgoingStream::repeatTemplate() const {
  if (source_.rtxPayloadType < 0 || format.rtxSsrc == 0) return {};
  HeaderTemplate header = headerTemplate(format, static_cast<uint8_t>(source_.rtxPayloadType),
                                         PlayoutDelay::kNone, source_.numbered);
  write32(header.bytes + 8, format.rtxSsrc);
  return header;
}

size_t OutgoingStream::sendPacket(const Segment& segment, PacketView packet,
                                  PacketNumbers numbers) {
  const Written written = format.verbatim
                              ? writer_.verbatim(packet, format.ssrc, numbers.index)
                              : writer_.media(packet, segment.header, numbers);
  if (written.datagram == 0) return 0;
  counters_->packets.add(1);
  counters_->bytes.add(written.payload);
  return written.datagram;
}

// Empty, and nothing is sent, when the budget is spent.
std::optional<size_t> OutgoingStream::repeat(const Segment& segment, PacketView packet,
                                             int64_t out) {
  if (!budget_.allows(packet.length, outlet_.now)) return std::nullopt;
  counters_->retransmitted.add(1);
  if (segment.repeats.length != 0) return sendRepeat(segment, packet, out);
  return sendPacket(segment, packet, {out, segment.time.at(packet.timestamp())});
}

size_t OutgoingStream::sendRepeat(const Segment& segment, PacketView packet, int64_t original) {
  const PacketNumbers numbers{nextRtx_++, segment.time.at(packet.timestamp())};
  return writer_.repeat(packet, original, segment.repeats, numbers).datagram;
}

}  // namespace tailrace
