import { ByteReader } from './byte-reader.ts'
import { uint8, uint16, uint16Vector, vector8 } from './byte-writer.ts'
import {
  type Extensions,
  extendedMasterSecret,
  extensionType,
  initialHandshake,
  pointFormats,
  readExtensions,
  useSrtp,
  writeExtensions,
} from './hello-extensions.ts'
import { supportedCurves } from './key-share.ts'
import { dtls12 } from './records.ts'
import { supportedSchemes } from './signature.ts'

/** ECDHE with AES-128-GCM and SHA-256 (RFC 5289 §3.2); the name tells the server's key. */
export const cipherSuite = { ecdsa: 0xc02b, rsa: 0xc02f } as const

/** A signal in place of `renegotiation_info` (RFC 5746 §3.3). */
export const emptyRenegotiationInfo = 0x00ff

export const randomSize = 32
const maxSessionIdSize = 32

/** What a server reads of a ClientHello (RFC 5246 §7.4.1.2, RFC 6347 §4.2.1). */
export interface ClientHello {
  /** The highest version of the client; counts down, 0xfefd is 1.2. */
  readonly version: number
  readonly random: Buffer
  readonly cipherSuites: readonly number[]
  readonly compressionMethods: Buffer
  readonly extensions: Extensions
}

export function parseClientHello(body: Buffer): ClientHello | undefined {
  const reader = new ByteReader(body)
  const version = reader.uint(2)
  const random = reader.take(randomSize)
  const sessionId = reader.vector(1)
  reader.vector(1) // cookie
  const cipherSuites = reader.uint16Vector()
  const compressionMethods = reader.vector(1)
  const extensions = readExtensions(reader)
  if (extensions === undefined || sessionId.length > maxSessionIdSize) return undefined
  return { version, random, cipherSuites, compressionMethods, extensions }
}

export interface ClientHelloFields {
  readonly random: Buffer
  /** From a HelloVerifyRequest; empty at first. */
  readonly cookie: Buffer
  readonly srtpProfiles: readonly number[]
}

/** Our ClientHello: no session to resume, no ticket, no compression. */
export function writeClientHello({ random, cookie, srtpProfiles }: ClientHelloFields): Buffer {
  return Buffer.concat([
    uint16(dtls12),
    random,
    vector8(),
    vector8(cookie),
    uint16Vector([cipherSuite.ecdsa, cipherSuite.rsa]),
    vector8(uint8(0)),
    writeExtensions([
      [extensionType.supportedGroups, uint16Vector(supportedCurves)],
      pointFormats,
      [extensionType.signatureAlgorithms, uint16Vector(supportedSchemes)],
      extendedMasterSecret,
      initialHandshake,
      useSrtp(srtpProfiles),
    ]),
  ])
}
