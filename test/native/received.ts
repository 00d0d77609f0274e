import type { TrackFormat } from '#native/media-plane.ts'
import { readPlayoutDelay, readTransportSequence } from '#rtp/header-extensions.ts'
import { RtpPacket } from '#rtp/packet.ts'
import type { SentDatagram } from '#test/support/nonce-ledger.ts'
import { labelOf } from '#test/support/stored-packets.ts'

export const withRtx: TrackFormat = {
  kind: 'video',
  ssrc: 0x1111,
  rtxSsrc: 0x2222,
  clockRate: 90_000,
  cname: 'viewer',
  playoutDelayId: 5,
  transportCcId: 3,
}
const { rtxSsrc: _rtx, transportCcId: _cc, ...plain } = withRtx
/** Of a viewer without RTX and without transport-wide numbers. */
export const withoutRtx: TrackFormat = plain

/** A packet as the viewer decrypts it. */
export interface Received {
  readonly ssrc: number
  /** Counted from the first packet of its SSRC. */
  readonly out: number
  readonly label: string
  readonly timestamp: number
  readonly marker: boolean
  readonly payloadType: number
  readonly payload: Buffer
  readonly playoutDelay: { readonly min: number; readonly max: number } | undefined
  readonly transportSequence: number | undefined
  readonly repeated: boolean
}

/** Reads what comes to one viewer in the terms of a spec. */
export class ReceivedReader {
  readonly #format: TrackFormat
  readonly #firstIndex = new Map<number, number>()

  /** @param format names the extensions and the retransmission stream */
  constructor(format: TrackFormat) {
    this.#format = format
  }

  /** Index of the first packet that came of an SSRC; 48 bits. */
  firstIndex(ssrc: number): number | undefined {
    return this.#firstIndex.get(ssrc)
  }

  read({ ssrc, index, plain: bytes, repeated }: SentDatagram): Received {
    const first = this.#firstIndex.get(ssrc) ?? index
    this.#firstIndex.set(ssrc, first)
    const packet = RtpPacket.parse(bytes)!
    const { playoutDelayId = 0, transportCcId = 0 } = this.#format
    const delay = packet.extension(playoutDelayId)
    const number = packet.extension(transportCcId)
    const { timestamp, marker, payloadType, payload } = packet
    return {
      ssrc,
      out: index - first,
      timestamp,
      marker,
      payloadType,
      payload,
      label: labelOf(ssrc === this.#format.rtxSsrc ? payload.subarray(2) : payload),
      playoutDelay: delay && readPlayoutDelay(delay, 0, delay.length),
      transportSequence: number && readTransportSequence(number, 0, number.length),
      repeated,
    }
  }
}
