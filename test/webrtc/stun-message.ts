import { createHmac, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

export interface MessageParts {
  /** Message type; a Binding request without it. */
  readonly type?: number
  readonly transactionId?: Buffer
  /** Absent: no USERNAME. */
  readonly username?: string
  /** Absent: no MESSAGE-INTEGRITY. */
  readonly password?: string
  /** Further attributes, header and value, between the two. */
  readonly attributes?: Buffer
  readonly fingerprint?: boolean
}

/** A STUN message made by hand, after RFC 8489 alone: it shares nothing with the code under test. */
export function stunMessage(parts: MessageParts): Buffer {
  const { type = 1, transactionId = randomBytes(12), fingerprint = true } = parts
  let message = Buffer.concat([Buffer.alloc(8), transactionId])
  message.writeUInt16BE(type, 0)
  message.writeUInt32BE(0x2112a442, 4)
  if (parts.username !== undefined) append(0x0006, Buffer.from(parts.username))
  message = Buffer.concat([message, parts.attributes ?? Buffer.alloc(0)])
  if (parts.password !== undefined) {
    message.writeUInt16BE(message.length + 24 - 20, 2)
    append(0x0008, createHmac('sha1', parts.password).update(message).digest())
  }
  if (fingerprint) {
    message.writeUInt16BE(message.length + 8 - 20, 2)
    const value = Buffer.alloc(4)
    value.writeUInt32BE((crc32(message) ^ 0x5354554e) >>> 0)
    append(0x8028, value)
  }
  message.writeUInt16BE(message.length - 20, 2)
  return message

  function append(attribute: number, value: Buffer): void {
    const header = Buffer.alloc(4)
    header.writeUInt16BE(attribute, 0)
    header.writeUInt16BE(value.length, 2)
    message = Buffer.concat([message, header, value, Buffer.alloc(-value.length & 3)])
  }
}
