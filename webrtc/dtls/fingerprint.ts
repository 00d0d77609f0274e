import { createHash, timingSafeEqual } from 'node:crypto'

/** A certificate's hash as `a=fingerprint` carries it (RFC 8122 §5). */
export interface Fingerprint {
  readonly algorithm: 'sha-256' | 'sha-384' | 'sha-512'
  /** Pairs of hex digits with colons between: written in capitals, compared in any case. */
  readonly value: string
}

const hashOf = { 'sha-256': 'sha256', 'sha-384': 'sha384', 'sha-512': 'sha512' } as const

/** @param der the whole certificate */
export function fingerprintOf(
  der: Buffer,
  algorithm: Fingerprint['algorithm'] = 'sha-256',
): Fingerprint {
  const digest = createHash(hashOf[algorithm]).update(der).digest('hex').toUpperCase()
  return { algorithm, value: digest.match(/../g)!.join(':') }
}

/** Whether the certificate is one of those that the peer's SDP announced; of none, never. */
export function matchesFingerprint(der: Buffer, announced: readonly Fingerprint[]): boolean {
  return announced.some(({ algorithm, value }) => {
    const digest = createHash(hashOf[algorithm]).update(der).digest()
    const expected = Buffer.from(value.replaceAll(':', ''), 'hex')
    return expected.length === digest.length && timingSafeEqual(expected, digest)
  })
}
