import { ByteReader } from './byte-reader.ts'
import { uint8, uint16, vector8 } from './byte-writer.ts'
import { readSignature, writeSignature } from './certificate-messages.ts'
import type { Signature } from './signature.ts'

/** `ECCurveType` of a curve that is named by number (RFC 8422 §5.4). */
const namedCurve = 3

/** An ECDHE ServerKeyExchange (RFC 8422 §5.4). */
export interface ServerKeyExchange {
  /** Named group. */
  readonly curve: number
  readonly publicKey: Buffer
  /** What is signed, after both randoms. A view. */
  readonly parameters: Buffer
  readonly signature: Signature
}

export function parseServerKeyExchange(body: Buffer): ServerKeyExchange | undefined {
  const reader = new ByteReader(body)
  const curveType = reader.uint(1)
  const curve = reader.uint(2)
  const publicKey = reader.vector(1)
  const parameters = body.subarray(0, reader.offset)
  const signature = readSignature(reader)
  if (curveType !== namedCurve || !reader.complete) return undefined
  return { curve, publicKey, parameters, signature }
}

/** The part that is signed. */
export function writeKeyParameters(curve: number, publicKey: Buffer): Buffer {
  return Buffer.concat([uint8(namedCurve), uint16(curve), vector8(publicKey)])
}

export function writeServerKeyExchange(parameters: Buffer, signature: Signature): Buffer {
  return Buffer.concat([parameters, writeSignature(signature)])
}

/** The client's public key (RFC 8422 §5.7). */
export function parseClientKeyExchange(body: Buffer): Buffer | undefined {
  const reader = new ByteReader(body)
  const publicKey = reader.vector(1)
  return reader.complete ? publicKey : undefined
}

export function writeClientKeyExchange(publicKey: Buffer): Buffer {
  return vector8(publicKey)
}
