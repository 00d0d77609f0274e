import { isRtcp } from '#rtp/packet.ts'

/** What a datagram on the shared port can be. */
export type DatagramKind = 'stun' | 'dtls' | 'rtp' | 'rtcp' | 'drop'

// Whole headers; for RTCP the SSRC too, which SRTCP leaves in the clear (RFC 3711 §3.4).
const minSize = { stun: 20, dtls: 13, rtp: 12, rtcp: 8 } as const

/**
 * Sorts a datagram by its first byte (RFC 7983 §7), and RTCP from RTP by the second (RFC 5761 §4).
 *
 * Looks at nothing else: no state, so that nobody can steer it. ZRTP (16–19), TURN channels
 * (64–79) and QUIC are not for us. What is too short for its kind is dropped, too.
 */
export function classify(datagram: Buffer): DatagramKind {
  const { length } = datagram
  if (length < minSize.rtcp) return 'drop'
  const kind = kindOf(datagram)
  return kind !== 'drop' && length >= minSize[kind] ? kind : 'drop'
}

function kindOf(datagram: Buffer): DatagramKind {
  const first = datagram[0]!
  if (first < 4) return 'stun'
  if (first >= 128 && first < 192) return isRtcp(datagram) ? 'rtcp' : 'rtp'
  return first >= 20 && first < 64 ? 'dtls' : 'drop'
}
