import { createHmac, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { addressText } from './ip-address.ts'
import {
  attributeType,
  familyNumber,
  fingerprintMask,
  fingerprintSize,
  headerSize,
  integritySize,
  magicCookie,
  padded,
  type StunClass,
  splitType,
  transactionIdOffset,
} from './stun-format.ts'

/** A STUN message that is well formed; only `checkIntegrity` tells who wrote it. */
export interface StunMessage {
  readonly class: StunClass
  /** 1 is Binding, the only one ICE knows. */
  readonly method: number
  /** 12 bytes, a copy. */
  readonly transactionId: Buffer
  readonly username?: string
  /** Of the candidate that this check would make (RFC 8445 §7.1.1). */
  readonly priority?: number
  readonly useCandidate: boolean
  /** Tie-breaker of a peer that says it is the controlling agent. */
  readonly controlling?: bigint
  /** Tie-breaker of a peer that says it is the controlled agent. */
  readonly controlled?: bigint
  readonly nomination?: number
  readonly mappedAddress?: { readonly address: string; readonly port: number }
  /** 300–699. */
  readonly errorCode?: number
  /** Byte offset of MESSAGE-INTEGRITY; what stands behind it is not covered and not read. */
  readonly integrityOffset?: number
  /** Present and right; a wrong one makes the datagram no STUN message at all. */
  readonly fingerprint: boolean
  /** Attributes that must be understood but are not, at most eight of them. */
  readonly unknownRequired: readonly number[]
}

/** No ICE message comes near it: an IPv6 packet that needs no fragments. */
const maxMessageSize = 1280
/** RFC 8489 §14.3. */
const maxUsernameSize = 508
const maxUnknown = 8

/**
 * @returns undefined for whatever is no STUN message of RFC 8489, broken in any place, or larger
 *   than 1280 bytes
 */
export function parseStun(datagram: Buffer): StunMessage | undefined {
  const { length } = datagram
  if (length < headerSize || length > maxMessageSize || datagram[0]! > 3) return undefined
  if (datagram.readUInt32BE(4) !== magicCookie) return undefined
  const bodySize = datagram.readUInt16BE(2)
  if (bodySize % 4 !== 0 || headerSize + bodySize !== length) return undefined

  const message: Mutable<StunMessage> = {
    ...splitType(datagram.readUInt16BE(0)),
    transactionId: Buffer.from(datagram.subarray(transactionIdOffset, headerSize)),
    useCandidate: false,
    fingerprint: false,
    unknownRequired: [],
  }
  const seen = new Set<number>()
  for (let offset = headerSize; offset < length; ) {
    if (message.fingerprint) return undefined
    const type = datagram.readUInt16BE(offset)
    const start = offset + 4
    const end = start + datagram.readUInt16BE(offset + 2)
    if (end > length) return undefined
    // Only the first of a kind counts (RFC 8489 §14), and nothing that integrity does not cover.
    const ignored = message.integrityOffset !== undefined && type !== attributeType.fingerprint
    if (!ignored && !seen.has(type) && !read(message, { datagram, type, offset, start, end })) {
      return undefined
    }
    seen.add(type)
    offset = start + padded(end - start)
  }
  return message
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

interface Attribute {
  readonly datagram: Buffer
  readonly type: number
  /** Of its header, and of its value from `start` to `end`. */
  readonly offset: number
  readonly start: number
  readonly end: number
}

// False when the attribute is broken, and with it the message.
function read(message: Mutable<StunMessage>, attribute: Attribute): boolean {
  const { datagram, type, offset, start, end } = attribute
  const size = end - start
  switch (type) {
    case attributeType.username:
      message.username = datagram.toString('utf8', start, end)
      return size <= maxUsernameSize
    case attributeType.messageIntegrity:
      message.integrityOffset = offset
      return size === integritySize
    case attributeType.priority:
      if (size === 4) message.priority = datagram.readUInt32BE(start)
      return size === 4
    case attributeType.nomination:
      if (size === 4) message.nomination = datagram.readUInt32BE(start)
      return size === 4
    case attributeType.useCandidate:
      message.useCandidate = true
      return size === 0
    case attributeType.iceControlling:
      if (size === 8) message.controlling = datagram.readBigUInt64BE(start)
      return size === 8
    case attributeType.iceControlled:
      if (size === 8) message.controlled = datagram.readBigUInt64BE(start)
      return size === 8
    case attributeType.errorCode:
      if (size >= 4) message.errorCode = (datagram[start + 2]! & 7) * 100 + datagram[start + 3]!
      return size >= 4
    case attributeType.xorMappedAddress:
      return readMappedAddress(message, attribute)
    case attributeType.fingerprint:
      message.fingerprint = size === fingerprintSize && hasFingerprint(datagram, offset)
      return message.fingerprint
    default:
      if (type < 0x8000 && !understood.has(type) && message.unknownRequired.length < maxUnknown) {
        message.unknownRequired = [...message.unknownRequired, type]
      }
      return true
  }
}

// Harmless in a check, although nothing here reads them.
const understood: ReadonlySet<number> = new Set([
  attributeType.unknownAttributes,
  attributeType.realm,
  attributeType.nonce,
  attributeType.messageIntegritySha256,
  attributeType.userhash,
])

function readMappedAddress(message: Mutable<StunMessage>, attribute: Attribute): boolean {
  const { datagram, start, end } = attribute
  if (end - start < 4) return false
  const family = datagram[start + 1]
  const size = family === familyNumber[4] ? 4 : family === familyNumber[6] ? 16 : undefined
  if (size === undefined || end - start !== 4 + size) return false
  message.mappedAddress = {
    address: addressText(xorAddress(datagram.subarray(start + 4, end), datagram)),
    port: datagram.readUInt16BE(start + 2) ^ (magicCookie >>> 16),
  }
  return true
}

/**
 * Hides an address from middleboxes that rewrite what looks like one, or shows it again: XOR with
 * the cookie and the transaction id, as they stand in the message (RFC 8489 §14.2).
 */
export function xorAddress(address: Buffer, message: Buffer): Buffer {
  return Buffer.from(address.map((byte, i) => byte ^ message[4 + i]!))
}

function hasFingerprint(datagram: Buffer, offset: number): boolean {
  const value = (crc32(datagram.subarray(0, offset)) ^ fingerprintMask) >>> 0
  return datagram.readUInt32BE(offset + 4) === value
}

/**
 * Whether the message was written by someone who knows the password (RFC 8489 §14.5).
 *
 * @param datagram the bytes that `message` was parsed from
 * @param password of the agent that receives the request, also for the response to it
 */
export function checkIntegrity(datagram: Buffer, message: StunMessage, password: string): boolean {
  const offset = message.integrityOffset
  if (offset === undefined) return false
  const value = datagram.subarray(offset + 4, offset + 4 + integritySize)
  return timingSafeEqual(integrity(datagram, offset, password), value)
}

/** HMAC over all before `offset`, with the length as if the message ended with it. */
export function integrity(datagram: Buffer, offset: number, password: string): Buffer {
  const header = Buffer.from(datagram.subarray(0, headerSize))
  header.writeUInt16BE(offset + 4 + integritySize - headerSize, 2)
  return createHmac('sha1', password)
    .update(header)
    .update(datagram.subarray(headerSize, offset))
    .digest()
}
