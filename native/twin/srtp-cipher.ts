import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'
import type { SessionKeys } from './srtp-key-derivation.ts'

/** Bytes that GCM appends (RFC 7714 §13). */
export const gcmTagLength = 16
/** Bytes that HMAC-SHA1-80 appends, for SRTP and SRTCP alike (RFC 3711 §5.2). */
export const hmacTagLength = 10

const gcmIv = Buffer.alloc(12)
const counterIv = Buffer.alloc(16)
const trailer = Buffer.alloc(4)

// The ciphers copy their IV when made, so one scratch buffer serves every packet.
function fillGcmIv(salt: Buffer, ssrc: number, high: number, low: number): Buffer {
  gcmIv.writeUInt16BE(0, 0)
  gcmIv.writeUInt32BE(ssrc, 2)
  gcmIv.writeUInt32BE(high, 6)
  gcmIv.writeUInt16BE(low, 10)
  for (let i = 0; i < 12; i++) gcmIv[i]! ^= salt[i]!
  return gcmIv
}

function fillCounterIv(salt: Buffer, ssrc: number, high: number, low: number): Buffer {
  counterIv.fill(0)
  counterIv.writeUInt32BE(ssrc, 4)
  counterIv.writeUInt32BE(high, 8)
  counterIv.writeUInt16BE(low, 12)
  for (let i = 0; i < 14; i++) counterIv[i]! ^= salt[i]!
  return counterIv
}

/**
 * Which packet is being (de)ciphered. For RTP `high` is the rollover counter and `low` the
 * sequence number (RFC 3711 §4.1.1, RFC 7714 §8.1); for RTCP together they are the 31-bit
 * SRTCP index (RFC 3711 §4.1.1 with §3.4, RFC 7714 §9.1).
 */
export interface CipherPosition {
  ssrc: number
  high: number
  low: number
}

export function sealGcm(
  keys: SessionKeys,
  at: CipherPosition,
  associated: Buffer,
  plain: Buffer,
): { ciphertext: Buffer; tag: Buffer } {
  const iv = fillGcmIv(keys.salt, at.ssrc, at.high, at.low)
  const cipher = createCipheriv('aes-128-gcm', keys.cipherKey, iv)
  cipher.setAAD(associated)
  const ciphertext = cipher.update(plain)
  cipher.final()
  return { ciphertext, tag: cipher.getAuthTag() }
}

/** @returns the plaintext, or undefined when the tag does not fit */
export function openGcm(
  keys: SessionKeys,
  at: CipherPosition,
  associated: Buffer,
  ciphertext: Buffer,
  tag: Buffer,
): Buffer | undefined {
  const iv = fillGcmIv(keys.salt, at.ssrc, at.high, at.low)
  const decipher = createDecipheriv('aes-128-gcm', keys.cipherKey, iv)
  decipher.setAAD(associated)
  decipher.setAuthTag(tag)
  const plain = decipher.update(ciphertext)
  try {
    decipher.final()
  } catch {
    return undefined
  }
  return plain
}

/** AES counter mode is its own inverse (RFC 3711 §4.1.1). */
export function applyCounterMode(keys: SessionKeys, at: CipherPosition, bytes: Buffer): Buffer {
  const iv = fillCounterIv(keys.salt, at.ssrc, at.high, at.low)
  return createCipheriv('aes-128-ctr', keys.cipherKey, iv).update(bytes)
}

/** @param suffix the rollover counter for RTP; RTCP carries its index in `message` already */
export function hmacTag(keys: SessionKeys, message: Buffer, suffix?: number): Buffer {
  const hmac = createHmac('sha1', keys.authenticationKey!).update(message)
  if (suffix !== undefined) {
    trailer.writeUInt32BE(suffix)
    hmac.update(trailer)
  }
  return hmac.digest().subarray(0, hmacTagLength)
}

export function tagsEqual(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
