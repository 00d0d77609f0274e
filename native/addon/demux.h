#pragma once
#include <cstddef>
#include <cstdint>

namespace tailrace {

/** What a datagram on the shared port can be. */
enum class DatagramKind : uint8_t { kStun, kDtls, kRtp, kRtcp, kDrop };

/** A packet of the SRTP range is RTCP if its second byte is 192–223 (RFC 5761 §4). */
inline bool isRtcp(const uint8_t* packet) { return packet[1] >= 192 && packet[1] <= 223; }

/**
 * Sorts a datagram by its first byte (RFC 7983 §7), and RTCP from RTP by the second (RFC 5761 §4).
 *
 * As `native/demux.ts`: looks at nothing else, no state, so that nobody can steer it. ZRTP
 * (16–19), TURN channels (64–79) and QUIC are not for us. What is too short for its kind is
 * dropped, too: whole headers, and for RTCP the SSRC, which SRTCP leaves in the clear.
 */
inline DatagramKind classify(const uint8_t* datagram, size_t length) {
  if (length < 8) return DatagramKind::kDrop;
  const auto atLeast = [length](size_t size, DatagramKind kind) {
    return length >= size ? kind : DatagramKind::kDrop;
  };
  const uint8_t first = datagram[0];
  if (first < 4) return atLeast(20, DatagramKind::kStun);
  if (first >= 128 && first < 192) {
    return isRtcp(datagram) ? DatagramKind::kRtcp : atLeast(12, DatagramKind::kRtp);
  }
  return first >= 20 && first < 64 ? atLeast(13, DatagramKind::kDtls) : DatagramKind::kDrop;
}

}  // namespace tailrace
