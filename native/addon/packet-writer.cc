#include "packet-writer.h"

#include <cstring>
#include <optional>

#include "bytes.h"

namespace tailrace {

namespace {

/** Publishers' packets are shorter by far; nothing else may reach past a datagram's room. */
constexpr size_t kLongestPayload = kDatagramRoom - kLongestHeader - kSrtpMaxOverhead;

// What lies behind header, CSRCs and extensions. The receiver has checked the packet, and yet
// nothing here reads past its end.
inline PacketView payloadOf(PacketView packet) {
  const std::optional<size_t> header = rtpHeaderLength(packet.bytes, packet.length);
  if (!header || packet.length - *header > kLongestPayload) return {};
  return {packet.bytes + *header, packet.length - *header};
}

/** One past the last SRTP index of a key (RFC 3711 §3.3.1). */
constexpr int64_t kIndexEnd = int64_t{1} << 48;

// Padding flag and marker of a stored packet, where the first 16 bits of a header have them.
inline uint32_t keptFlags(PacketView packet) { return read16(packet.bytes) & 0x2080; }

}  // namespace

// All but the transport-wide number, which is for what leaves.
inline uint8_t* PacketWriter::begin(PacketView packet, const HeaderTemplate& header,
                                    PacketNumbers numbers) {
  uint8_t* datagram = outlet_.sink.take();
  // All of it, whatever its length: two stores, and the payload goes over what is too much.
  std::memcpy(datagram, header.bytes, kLongestHeader);
  write16(datagram, read16(header.bytes) | keptFlags(packet));
  write16(datagram + 2, static_cast<uint16_t>(numbers.index));
  write32(datagram + 4, numbers.timestamp);
  return datagram;
}

inline Written PacketWriter::send(uint8_t* datagram, const HeaderTemplate& header,
                                  PacketView payload, int64_t index) {
  // The next one would be the first index again, with the same key (RFC 3711 §9.2).
  if (index >= kIndexEnd) return {};
  if (header.transportCcAt != 0) {
    const size_t whole = header.length + payload.length + peer_.srtp.overhead();
    write16(datagram + header.transportCcAt, peer_.transport->next(outlet_.now, whole));
  }
  const size_t sent = peer_.srtp.protectRtp(datagram, header.length, payload.bytes, payload.length,
                                            static_cast<uint64_t>(index));
  outlet_.sink.send(peer_.destination, sent);
  return {payload.length, sent};
}

Written PacketWriter::media(PacketView packet, const HeaderTemplate& header,
                            PacketNumbers numbers) {
  const PacketView payload = payloadOf(packet);
  if (!payload.bytes) return {};
  return send(begin(packet, header, numbers), header, payload, numbers.index);
}

Written PacketWriter::repeat(PacketView packet, int64_t original, const HeaderTemplate& header,
                             PacketNumbers numbers) {
  const PacketView payload = payloadOf(packet);
  if (!payload.bytes) return {};
  uint8_t* datagram = begin(packet, header, numbers);
  uint8_t* into = datagram + header.length;
  write16(into, static_cast<uint16_t>(original));
  std::memcpy(into + 2, payload.bytes, payload.length);
  // The cipher takes its input in one piece, so in place.
  return send(datagram, header, {into, payload.length + 2}, numbers.index);
}

Written PacketWriter::verbatim(PacketView packet, uint32_t ssrc, int64_t index) {
  const std::optional<size_t> header = rtpHeaderLength(packet.bytes, packet.length);
  const bool fits = index >= 0 && index < kIndexEnd;
  if (!header || packet.length > kDatagramRoom - kSrtpMaxOverhead || !fits) return {};
  uint8_t* datagram = outlet_.sink.take();
  std::memcpy(datagram, packet.bytes, *header);
  write16(datagram + 2, static_cast<uint16_t>(index));
  write32(datagram + 8, ssrc);
  const size_t payload = packet.length - *header;
  const size_t sent = peer_.srtp.protectRtp(datagram, *header, packet.bytes + *header, payload,
                                            static_cast<uint64_t>(index));
  outlet_.sink.send(peer_.destination, sent);
  return {payload, sent};
}

}  // namespace tailrace
