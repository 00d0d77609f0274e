import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { bitString, explicit, integer, oid, sequence, set, time, utf8String } from './der.ts'
import { type Fingerprint, fingerprintOf } from './fingerprint.ts'

/** Our identity in DTLS: its fingerprint goes into every answer (SEC-61, RFC 8827 §6.5). */
export interface DtlsCertificate {
  readonly der: Buffer
  /** ECDSA on P-256. */
  readonly privateKey: KeyObject
  /** Of `der`, by SHA-256. */
  readonly fingerprint: Fingerprint
}

const day = 24 * 60 * 60 * 1000
/** SEC-61: at most 30 days, and a process makes its own at start. */
const validity = 30 * day
/** Peers whose clock is behind ours still find the certificate valid. */
const clockSkew = day

const version3 = explicit(0, integer(Buffer.of(2)))
const ecdsaWithSha256 = sequence(oid([1, 2, 840, 10045, 4, 3, 2]))
/** The same for every node: a certificate must not tell which machine made it. */
const commonName = sequence(set(sequence(oid([2, 5, 4, 3]), utf8String('tailrace'))))

/**
 * Makes a fresh key and a self-signed X.509 v3 certificate for it (RFC 5280 §4.1).
 * @param wall milliseconds since the Unix epoch
 */
export function createCertificate(wall: number): DtlsCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const serial = randomBytes(16)
  // Positive, and of full length whatever the dice say (RFC 5280 §4.1.2.2).
  serial[0] = (serial[0]! & 0x3f) | 0x40
  const unsigned = sequence(
    version3,
    integer(serial),
    ecdsaWithSha256,
    commonName,
    sequence(time(wall - clockSkew), time(wall + validity - clockSkew)),
    commonName,
    publicKey.export({ type: 'spki', format: 'der' }),
  )
  const signature = sign('sha256', unsigned, privateKey)
  const der = sequence(unsigned, ecdsaWithSha256, bitString(signature))
  return { der, privateKey, fingerprint: fingerprintOf(der) }
}
