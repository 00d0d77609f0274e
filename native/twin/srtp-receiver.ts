import { ReplayWindow } from '#native/replay-window.ts'
import type { SrtpMasterKey, SrtpProfile } from '#native/srtp-keys.ts'
import { distance } from '#rtp/sequence.ts'
import {
  applyCounterMode,
  type CipherPosition,
  gcmTagLength,
  hmacTag,
  hmacTagLength,
  openGcm,
  tagsEqual,
} from './srtp-cipher.ts'
import { deriveSessionKeys, type SessionKeys } from './srtp-key-derivation.ts'

/** Repairs on the media SSRC come late, so the window is far wider than the 64 of RFC 3711. */
const rtpWindow = 1024
/** Streams remembered of a client: three layers with RTX and audio are seven. */
const ordinaryStreams = 32
const rtcpLimits = { window: 128, streams: ordinaryStreams }

export type SrtpFailure = 'too-short' | 'authentication' | 'replayed'

/** Authenticates and decrypts what one peer sends (RFC 3711 §3.3, RFC 7714). Never throws. */
export class SrtpReceiver {
  readonly #counterMode: boolean
  readonly #rtp: SessionKeys
  readonly #rtcp: SessionKeys
  readonly #streams = new Map<number, ReplayWindow>()
  readonly #rtcpStreams = new Map<number, ReplayWindow>()
  readonly #at: CipherPosition = { ssrc: 0, high: 0, low: 0 }
  readonly #mostStreams: number
  #failure: SrtpFailure = 'too-short'

  /** @param streams SSRCs that RTP may come from */
  constructor(profile: SrtpProfile, master: SrtpMasterKey, streams = ordinaryStreams) {
    this.#mostStreams = streams
    this.#counterMode = profile === 1
    this.#rtp = deriveSessionKeys(profile, master, 'rtp')
    this.#rtcp = deriveSessionKeys(profile, master, 'rtcp')
  }

  /** Why the last call returned undefined. */
  get failure(): SrtpFailure {
    return this.#failure
  }

  /**
   * @param into gets the plain packet from byte `at` on; needs `datagram.length` bytes of room
   * @returns bytes written, or undefined: see `failure`
   */
  unprotectRtp(datagram: Buffer, into: Buffer, at: number): number | undefined {
    const tagLength = this.#counterMode ? hmacTagLength : gcmTagLength
    const end = datagram.length - tagLength
    const headerLength = rtpHeaderLength(datagram, end)
    if (headerLength === undefined) return this.#fail('too-short')
    const position = this.#at
    position.ssrc = datagram.readUInt32BE(8)
    const stream = this.#streams.get(position.ssrc)
    const index = estimateIndex(stream?.highest, datagram.readUInt16BE(2))
    if (stream && !stream.isFresh(index)) return this.#fail('replayed')
    position.high = Math.floor(index / 0x10000) >>> 0
    position.low = index % 0x10000

    const plain = this.#openRtp(datagram, headerLength, end)
    if (!plain) return this.#fail('authentication')
    const limits = { window: rtpWindow, streams: this.#mostStreams }
    if (!this.#accept(this.#streams, position.ssrc, index, limits)) {
      return this.#fail('authentication')
    }
    datagram.copy(into, at, 0, headerLength)
    plain.copy(into, at + headerLength)
    return end
  }

  /** @returns the plain compound, or undefined: see `failure` */
  unprotectRtcp(datagram: Buffer): Buffer | undefined {
    const overhead = 4 + (this.#counterMode ? hmacTagLength : gcmTagLength)
    if (datagram.length < 8 + overhead) return this.#fail('too-short')
    const end = datagram.length - overhead
    const word = this.#counterMode ? end : datagram.length - 4
    const index = datagram.readUInt32BE(word) & 0x7fff_ffff
    const position = this.#at
    position.ssrc = datagram.readUInt32BE(4)
    position.high = index >>> 16
    position.low = index & 0xffff
    const stream = this.#rtcpStreams.get(position.ssrc)
    if (stream && !stream.isFresh(index)) return this.#fail('replayed')

    // Both profiles are negotiated with encryption; a packet without it is not from our peer.
    const encrypted = (datagram[word]! & 0x80) !== 0
    const plain = encrypted ? this.#openRtcp(datagram, end) : undefined
    if (!plain) return this.#fail('authentication')
    if (!this.#accept(this.#rtcpStreams, position.ssrc, index, rtcpLimits)) {
      return this.#fail('authentication')
    }
    return Buffer.concat([datagram.subarray(0, 8), plain])
  }

  #openRtp(datagram: Buffer, headerLength: number, end: number): Buffer | undefined {
    const payload = datagram.subarray(headerLength, end)
    const tag = datagram.subarray(end)
    if (!this.#counterMode) {
      return openGcm(this.#rtp, this.#at, datagram.subarray(0, headerLength), payload, tag)
    }
    const expected = hmacTag(this.#rtp, datagram.subarray(0, end), this.#at.high)
    return tagsEqual(expected, tag) ? applyCounterMode(this.#rtp, this.#at, payload) : undefined
  }

  #openRtcp(datagram: Buffer, end: number): Buffer | undefined {
    const body = datagram.subarray(8, end)
    if (!this.#counterMode) {
      const tag = datagram.subarray(end, end + gcmTagLength)
      const word = datagram.subarray(end + gcmTagLength)
      const associated = Buffer.concat([datagram.subarray(0, 8), word])
      return openGcm(this.#rtcp, this.#at, associated, body, tag)
    }
    const expected = hmacTag(this.#rtcp, datagram.subarray(0, end + 4))
    const tag = datagram.subarray(end + 4)
    return tagsEqual(expected, tag) ? applyCounterMode(this.#rtcp, this.#at, body) : undefined
  }

  // Only an authenticated packet opens a stream: a stranger cannot fill the table.
  #accept(
    streams: Map<number, ReplayWindow>,
    ssrc: number,
    index: number,
    limits: typeof rtcpLimits,
  ) {
    let stream = streams.get(ssrc)
    if (!stream) {
      if (streams.size >= limits.streams) return false
      stream = new ReplayWindow(limits.window)
      streams.set(ssrc, stream)
    }
    stream.accept(index)
    return true
  }

  #fail(failure: SrtpFailure): undefined {
    this.#failure = failure
    return undefined
  }
}

/** Length of header, CSRCs and extension, or undefined if they do not fit before `end`. */
function rtpHeaderLength(datagram: Buffer, end: number): number | undefined {
  if (end < 12) return undefined
  const flags = datagram[0]!
  let length = 12 + 4 * (flags & 0x0f)
  if (flags & 0x10) {
    if (end < length + 4) return undefined
    length += 4 + 4 * datagram.readUInt16BE(length + 2)
  }
  return length <= end ? length : undefined
}

/** The index nearest to the highest accepted one (RFC 3711 §3.3.1, appendix A). */
function estimateIndex(highest: number | undefined, sequenceNumber: number): number {
  if (highest === undefined) return sequenceNumber
  const index = highest + distance(highest % 0x10000, sequenceNumber)
  return index < 0 ? sequenceNumber : index
}
