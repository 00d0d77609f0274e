import { uint8, uint16, uint24 } from './byte-writer.ts'

/** Handshake types (RFC 5246 §7.4, RFC 6347 §4.3.2). */
export const handshakeType = {
  clientHello: 1,
  serverHello: 2,
  helloVerifyRequest: 3,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
} as const

export const handshakeHeaderSize = 12

/** A whole message, whichever way it was cut for the wire. */
export interface HandshakeMessage {
  readonly type: number
  /** `message_seq`, 16 bits; counts each side's messages from 0. */
  readonly sequence: number
  readonly body: Buffer
}

/** Part of a message (RFC 6347 §4.2.3). `bytes` is a view. */
export interface HandshakeFragment {
  readonly type: number
  readonly sequence: number
  /** Bytes of the whole message's body. */
  readonly length: number
  readonly offset: number
  readonly bytes: Buffer
}

/** The fragments in a handshake record, up to the first that does not parse. */
export function* readFragments(record: Buffer): Generator<HandshakeFragment> {
  let rest = record
  while (rest.length >= handshakeHeaderSize) {
    const length = rest.readUIntBE(1, 3)
    const offset = rest.readUIntBE(6, 3)
    const end = handshakeHeaderSize + rest.readUIntBE(9, 3)
    const bytes = rest.subarray(handshakeHeaderSize, end)
    if (end > rest.length || offset + bytes.length > length) return
    yield { type: rest[0]!, sequence: rest.readUInt16BE(4), length, offset, bytes }
    rest = rest.subarray(end)
  }
}

/** @param length at most this much of the body, from `offset` on */
export function writeFragment(
  { type, sequence, body }: HandshakeMessage,
  offset: number,
  length: number,
): Buffer {
  const bytes = body.subarray(offset, offset + length)
  const lengths = [uint24(body.length), uint16(sequence), uint24(offset), uint24(bytes.length)]
  return Buffer.concat([uint8(type), ...lengths, bytes])
}
