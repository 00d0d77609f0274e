#include "load-session.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "bytes.h"
#include "demux.h"
#include "packet-view.h"

namespace tailrace::load {

/** Enough for 1000 sessions that all join while JavaScript is busy for a quarter of a second. */
constexpr size_t kMaxEvents = 1 << 16;
constexpr size_t kMaxOutboxBytes = 32 << 20;
/** Feedback is due after 100 ms: this is 10,000 packets/s. */
constexpr size_t kMaxArrivals = 1024;
constexpr uint8_t kNoFormat = 0xff;

void Outbox::post(const Event& event) {
  if (events.size() < kMaxEvents) events.push_back(event);
  else dropped++;
}

void Outbox::postDatagram(uint32_t session, double at, const sockaddr_storage& from,
                          const uint8_t* datagram, size_t length) {
  if (events.size() >= kMaxEvents || bytes.size() + kSourceSize + length > kMaxOutboxBytes) {
    dropped++;
    return;
  }
  uint8_t source[kSourceSize] = {};
  if (from.ss_family == AF_INET6) {
    const auto& address = reinterpret_cast<const sockaddr_in6&>(from);
    source[0] = 6;
    std::memcpy(source + 2, &address.sin6_port, 2);
    std::memcpy(source + 4, &address.sin6_addr, 16);
  } else {
    const auto& address = reinterpret_cast<const sockaddr_in&>(from);
    source[0] = 4;
    std::memcpy(source + 2, &address.sin_port, 2);
    std::memcpy(source + 4, &address.sin_addr, 4);
  }
  bytes.insert(bytes.end(), source, source + kSourceSize);
  const auto offset = static_cast<uint32_t>(bytes.size());
  bytes.insert(bytes.end(), datagram, datagram + length);
  events.push_back({Event::kDatagram, session, at, offset, static_cast<uint32_t>(length), 0});
}

Session::Session(uint32_t number, std::vector<Format> formats, uint8_t transportCcId)
    : id(number), formats_(std::move(formats)), transportCcId_(transportCcId) {
  std::fill(std::begin(placeOf_), std::end(placeOf_), kNoFormat);
  for (size_t i = 0; i < formats_.size() && i < kNoFormat; i++) {
    placeOf_[formats_[i].payloadType & 0x7f] = static_cast<uint8_t>(i);
  }
}

void Session::receive(const uint8_t* bytes, size_t length, const sockaddr_storage& from, double at,
                      Outbox& outbox) {
  const DatagramKind kind = classify(bytes, length);
  if (kind == DatagramKind::kRtp) receiveRtp(bytes, length, from, at, outbox);
  else if (kind != DatagramKind::kDrop) outbox.postDatagram(id, at, from, bytes, length);
}

void Session::receiveRtp(const uint8_t* bytes, size_t length, const sockaddr_storage& from,
                         double at, Outbox& outbox) {
  const auto headerLength = rtpHeaderLength(bytes, length);
  if (!headerLength) return;
  const size_t extension = kFixedHeader + 4 * (bytes[0] & 0x0f);
  if (transportCcId_ != 0 && *headerLength > extension) {
    noteArrival(bytes + extension, *headerLength - extension, at, outbox);
  }
  const Format* format = formatOf(bytes[1] & 0x7f);
  if (!format) return;
  if (handsUpAll || format->kind == FormatKind::kRepair) {
    outbox.postDatagram(id, at, from, bytes, length);
  }
  if (format->kind == FormatKind::kRepair) return;
  const uint32_t ssrc = read32(bytes + 8);
  HeaderCounter* stream = streamOf(ssrc, *format);
  if (!stream) return;
  const uint16_t number = read16(bytes + 2);
  const bool marker = (bytes[1] & 0x80) != 0;
  const Verdict verdict = stream->receive(
      {number, read32(bytes + 4), marker, static_cast<uint32_t>(length), at});
  if (verdict.kind == Verdict::kGap) {
    outbox.post({Event::kGap, id, at, ssrc, verdict.before, number});
  } else if (verdict.kind == Verdict::kLate) {
    outbox.post({Event::kLate, id, at, ssrc, number, 0});
  }
}

// Walks the elements of both forms (RFC 8285 §4.2, §4.3); see `rtp/extension-cursor.ts`.
void Session::noteArrival(const uint8_t* block, size_t length, double at, Outbox& outbox) {
  const uint16_t profile = read16(block);
  const bool twoByte = (profile & 0xfff0) == 0x1000;
  if (!twoByte && profile != 0xbede) return;
  const size_t head = twoByte ? 2 : 1;
  for (size_t i = 4; i < length;) {
    if (block[i] == 0) {
      i++;
      continue;
    }
    const uint8_t elementId = twoByte ? block[i] : block[i] >> 4;
    if (i + head > length || (!twoByte && (elementId == 0 || elementId == 15))) return;
    const size_t size = twoByte ? block[i + 1] : (block[i] & 0x0f) + size_t{1};
    if (i + head + size > length) return;
    if (elementId == transportCcId_) {
      if (size != 2 && size != 4) return;
      if (arrivals_.empty()) outbox.post({Event::kArrivals, id, at, 0, 0, 0});
      if (arrivals_.size() < kMaxArrivals) arrivals_.push_back({read16(block + i + head), at});
      return;
    }
    i += head + size;
  }
}

bool Session::restore(uint32_t ssrc, const SeenPacket& packet) {
  for (HeaderCounter& stream : streams_) {
    if (stream.ssrc() == ssrc) return stream.restore(packet);
  }
  return false;
}

std::vector<TransportArrival> Session::takeArrivals() { return std::exchange(arrivals_, {}); }

HeaderCounter* Session::streamOf(uint32_t ssrc, const Format& format) {
  for (HeaderCounter& stream : streams_) {
    if (stream.ssrc() == ssrc) return &stream;
  }
  if (streams_.size() == kMaxStreams) return nullptr;
  streams_.emplace_back(ssrc, format.kind == FormatKind::kVideo, format.clockRate);
  return &streams_.back();
}

const Format* Session::formatOf(uint8_t payloadType) const {
  const uint8_t place = placeOf_[payloadType & 0x7f];
  return place == kNoFormat ? nullptr : &formats_[place];
}

}  // namespace tailrace::load
