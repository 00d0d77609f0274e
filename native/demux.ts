/** What a datagram on the shared port can be. */
export type DatagramKind = 'stun' | 'dtls' | 'rtp' | 'rtcp' | 'drop'

const minSize = { stun: 20, dtls: 13, rtp: 12, rtcp: 8 } as const

/**
 * Sorts a datagram by its first byte (RFC 7983 §7), and RTCP from RTP by the second (RFC 5761 §4).
 *
 * Looks at nothing else: no state, so that nobody can steer it. ZRTP (16–19), TURN channels
 * (64–79) and QUIC are not for us. What is too short for its kind is dropped, too.
 */
export function classify(datagram: Buffer): DatagramKind {
  const { length } = datagram
  if (length < 2) return 'drop'
  const first = datagram[0]!
  if (first < 4) return length >= minSize.stun ? 'stun' : 'drop'
  if (first >= 128 && first < 192) {
    const second = datagram[1]!
    if (second >= 192 && second < 224) return length >= minSize.rtcp ? 'rtcp' : 'drop'
    return length >= minSize.rtp ? 'rtp' : 'drop'
  }
  return first >= 20 && first < 64 && length >= minSize.dtls ? 'dtls' : 'drop'
}
