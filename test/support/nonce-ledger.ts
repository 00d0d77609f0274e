import type { SrtpMasterKey, SrtpProfile } from '#native/srtp-keys.ts'
import {
  applyCounterMode,
  type CipherPosition,
  gcmTagLength,
  hmacTag,
  hmacTagLength,
  openGcm,
  tagsEqual,
} from '#native/twin/srtp-cipher.ts'
import { deriveSessionKeys, type SessionKeys } from '#native/twin/srtp-key-derivation.ts'
import { distance } from '#rtp/sequence.ts'

/** A protected RTP packet as it left. */
export interface SentDatagram {
  readonly ssrc: number
  /** Sequence number and rollover counter, 48 bits: proved by the packet's tag, not guessed. */
  readonly index: number
  readonly datagram: Buffer
  /** The packet in it. */
  readonly plain: Buffer
  /** Whether the same packet had left before. */
  readonly repeated: boolean
}

interface Stream {
  highest: number
  readonly seen: Map<number, Buffer>
}

/**
 * Watches protected packets leave under one master key: under GCM no (SSRC, index) may ever stand
 * for two different packets (RFC 7714 §8.4), and under counter mode it would give away both. As
 * nothing random goes into a protected packet, two datagrams of one index are equal exactly when
 * the packets in them are.
 */
export class NonceLedger {
  readonly #counterMode: boolean
  readonly #keys: SessionKeys
  readonly #streams = new Map<number, Stream>()

  constructor(profile: SrtpProfile, master: SrtpMasterKey) {
    this.#counterMode = profile === 1
    this.#keys = deriveSessionKeys(profile, master, 'rtp')
  }

  /**
   * @param borrowed copied
   * @throws Error for an index used twice, and for what this key has not protected
   */
  record(borrowed: Buffer): SentDatagram {
    const datagram = Buffer.from(borrowed)
    const ssrc = datagram.readUInt32BE(8)
    const stream = this.#streams.get(ssrc)
    const { index, plain } = this.#open(datagram, ssrc, stream?.highest)
    const seen = stream?.seen ?? new Map<number, Buffer>()
    this.#streams.set(ssrc, { highest: Math.max(index, stream?.highest ?? 0), seen })
    const before = seen.get(index)
    if (before && !before.equals(datagram)) {
      throw new Error(`SSRC ${ssrc} gave index ${index} to two packets`)
    }
    seen.set(index, datagram)
    return { ssrc, index, datagram, plain, repeated: before !== undefined }
  }

  // The rollover counter is not in the packet (RFC 3711 §3.3.1): the likeliest is tried first, and
  // all that the stream may have come by, so that no packet escapes under an unlikely one.
  #open(datagram: Buffer, ssrc: number, highest: number | undefined) {
    const low = datagram.readUInt16BE(2)
    const nearest = highest === undefined ? low : highest + distance(highest & 0xffff, low)
    const last = Math.floor(Math.max(nearest, 0) / 0x10000)
    for (let tries = 0; tries <= last + 2; tries++) {
      const high = tries <= last ? last - tries : tries
      const plain = this.#openAt(datagram, { ssrc, high, low })
      if (plain) return { index: high * 0x10000 + low, plain }
    }
    throw new Error(`SSRC ${ssrc}, number ${low}: not protected by this key under any index`)
  }

  #openAt(datagram: Buffer, at: CipherPosition): Buffer | undefined {
    const end = datagram.length - (this.#counterMode ? hmacTagLength : gcmTagLength)
    const headerLength = lengthOfHeader(datagram)
    const [header, body] = [
      datagram.subarray(0, headerLength),
      datagram.subarray(headerLength, end),
    ]
    const tag = datagram.subarray(end)
    if (this.#counterMode) {
      const expected = hmacTag(this.#keys, datagram.subarray(0, end), at.high)
      if (!tagsEqual(expected, tag)) return undefined
      return Buffer.concat([header, applyCounterMode(this.#keys, at, body)])
    }
    const plain = openGcm(this.#keys, at, header, body, tag)
    return plain && Buffer.concat([header, plain])
  }
}

function lengthOfHeader(datagram: Buffer): number {
  const flags = datagram[0]!
  const fixed = 12 + 4 * (flags & 0x0f)
  return flags & 0x10 ? fixed + 4 + 4 * datagram.readUInt16BE(fixed + 2) : fixed
}
