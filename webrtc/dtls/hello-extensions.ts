import { ByteReader } from './byte-reader.ts'
import { uint8, uint16, uint16Vector, vector8, vector16 } from './byte-writer.ts'

/** Extension types: RFC 8422 §5.1, RFC 5246 §7.4.1.4, RFC 5764 §4.1.1, RFC 7627 §5, RFC 5746. */
export const extensionType = {
  supportedGroups: 10,
  pointFormats: 11,
  signatureAlgorithms: 13,
  useSrtp: 14,
  extendedMasterSecret: 23,
  renegotiationInfo: 0xff01,
} as const

/** Bodies by extension type. */
export type Extensions = ReadonlyMap<number, Buffer>

/** Reads the rest of a hello, which may have no extensions at all (RFC 5246 §7.4.1.2). */
export function readExtensions(hello: ByteReader): Extensions | undefined {
  const extensions = new Map<number, Buffer>()
  if (hello.complete) return extensions
  const list = new ByteReader(hello.vector(2))
  while (list.more) {
    const type = list.uint(2)
    // Once each (RFC 5246 §7.4.1.4).
    if (extensions.has(type)) return undefined
    extensions.set(type, list.vector(2))
  }
  return list.complete && hello.complete ? extensions : undefined
}

export function writeExtensions(extensions: readonly (readonly [number, Buffer])[]): Buffer {
  return vector16(...extensions.flatMap(([type, body]) => [uint16(type), vector16(body)]))
}

/** Says that no session is being renegotiated, and that we never will (RFC 5746 §3.4). */
export const initialHandshake = [extensionType.renegotiationInfo, Buffer.of(0)] as const

export const extendedMasterSecret = [extensionType.extendedMasterSecret, Buffer.alloc(0)] as const

/** Uncompressed only, as RFC 8422 §5.1.2 has it. */
export const pointFormats = [extensionType.pointFormats, vector8(uint8(0))] as const

/** Without a master key identifier (RFC 5764 §4.1.3). */
export const useSrtp = (profiles: readonly number[]): readonly [number, Buffer] => [
  extensionType.useSrtp,
  Buffer.concat([uint16Vector(profiles), vector8()]),
]

/** The profiles of a `use_srtp`; `undefined` where it is not there or does not parse. */
export function readUseSrtp(
  extensions: Extensions,
): { readonly profiles: readonly number[]; readonly mki: Buffer } | undefined {
  const body = extensions.get(extensionType.useSrtp)
  if (body === undefined) return undefined
  const reader = new ByteReader(body)
  const profiles = reader.uint16Vector()
  const mki = reader.vector(1)
  return reader.complete ? { profiles, mki } : undefined
}

/** A list of 16-bit numbers, as groups and schemes are; `undefined` where it does not parse. */
export function readNumbers(body: Buffer): readonly number[] | undefined {
  const reader = new ByteReader(body)
  const numbers = reader.uint16Vector()
  return reader.complete ? numbers : undefined
}

/** Whether a `renegotiation_info`, if there, is that of a first handshake (RFC 5746 §3.4). */
export function isInitialHandshake(extensions: Extensions): boolean {
  const body = extensions.get(extensionType.renegotiationInfo)
  return body === undefined || (body.length === 1 && body[0] === 0)
}
