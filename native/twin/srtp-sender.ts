import type { SrtpMasterKey, SrtpProfile } from '#native/srtp-keys.ts'
import {
  applyCounterMode,
  type CipherPosition,
  gcmTagLength,
  hmacTag,
  hmacTagLength,
  sealGcm,
} from './srtp-cipher.ts'
import { deriveSessionKeys, type SessionKeys } from './srtp-key-derivation.ts'

const rtcpClearLength = 8
const encryptedFlag = 0x8000_0000

/**
 * Protects what we send to one peer (RFC 3711 §3.3, RFC 7714). The caller owns each stream's
 * 48-bit packet index and never gives the same (SSRC, index) two different packets: with GCM
 * that would give away the authentication key.
 */
export class SrtpSender {
  /** Bytes that `protectRtp` appends. */
  readonly overhead: number
  readonly #counterMode: boolean
  readonly #rtp: SessionKeys
  readonly #rtcp: SessionKeys
  readonly #at: CipherPosition = { ssrc: 0, high: 0, low: 0 }
  #rtcpIndex = 0

  constructor(profile: SrtpProfile, master: SrtpMasterKey) {
    this.#counterMode = profile === 1
    this.overhead = this.#counterMode ? hmacTagLength : gcmTagLength
    this.#rtp = deriveSessionKeys(profile, master, 'rtp')
    this.#rtcp = deriveSessionKeys(profile, master, 'rtcp')
  }

  /**
   * Encrypts in place.
   * @param packet the RTP packet in its first `length` bytes, with room for `overhead` more
   * @param headerLength bytes of header, CSRCs and extensions: authenticated, not encrypted
   * @param index 48 bits whose low 16 are the packet's sequence number
   * @returns bytes of the protected packet
   */
  protectRtp(packet: Buffer, headerLength: number, length: number, index: number): number {
    const at = this.#at
    at.ssrc = packet.readUInt32BE(8)
    at.high = Math.floor(index / 0x10000) >>> 0
    at.low = index % 0x10000
    const payload = packet.subarray(headerLength, length)
    if (this.#counterMode) {
      applyCounterMode(this.#rtp, at, payload).copy(packet, headerLength)
      hmacTag(this.#rtp, packet.subarray(0, length), at.high).copy(packet, length)
    } else {
      const sealed = sealGcm(this.#rtp, at, packet.subarray(0, headerLength), payload)
      sealed.ciphertext.copy(packet, headerLength)
      sealed.tag.copy(packet, length)
    }
    return length + this.overhead
  }

  /** @returns the compound as SRTCP, with the next index (RFC 3711 §3.4, RFC 7714 §9) */
  protectRtcp(compound: Buffer): Buffer {
    const index = this.#rtcpIndex++ & 0x7fff_ffff
    const at = this.#at
    at.ssrc = compound.readUInt32BE(4)
    at.high = index >>> 16
    at.low = index & 0xffff
    const clear = compound.subarray(0, rtcpClearLength)
    const body = compound.subarray(rtcpClearLength)
    const word = Buffer.alloc(4)
    word.writeUInt32BE((encryptedFlag | index) >>> 0)
    if (this.#counterMode) {
      const message = Buffer.concat([clear, applyCounterMode(this.#rtcp, at, body), word])
      return Buffer.concat([message, hmacTag(this.#rtcp, message)])
    }
    const sealed = sealGcm(this.#rtcp, at, Buffer.concat([clear, word]), body)
    return Buffer.concat([clear, sealed.ciphertext, sealed.tag, word])
  }
}
