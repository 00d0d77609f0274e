import type { TrackFormat } from '#native/media-plane.ts'
import { type ExtensionElement, writePlayoutDelay } from '#rtp/header-extensions.ts'
import { buildRtp, RtpPacket } from '#rtp/packet.ts'

/**
 * What the playout-delay extension of a segment says: `now` renders at once, `release` gives
 * the jitter buffer back its freedom, undefined sends none (DESIGN §6.4). The extension is
 * sticky at the receiver, hence the explicit release.
 */
export type PlayoutDelay = 'now' | 'release' | undefined

/** In ms. The maximum must exceed 500, or Chromium stays in its low-latency path. */
const playoutDelays = {
  now: playoutDelay({ min: 0, max: 0 }),
  release: playoutDelay({ min: 0, max: 4000 }),
} as const

/** The RTP header of one segment's packets, complete but for marker, numbers and time. */
export interface HeaderTemplate {
  readonly bytes: Buffer
  /** Where the transport-wide number goes; absent when this segment is not numbered. */
  readonly transportCcAt: number | undefined
}

/**
 * @param numbered whether packets carry a transport-wide number
 * @returns header of RFC 3550 §5.1 with one-byte extensions (RFC 8285 §4.2)
 */
export function headerTemplate(
  format: TrackFormat,
  payloadType: number,
  delay: PlayoutDelay,
  numbered: boolean,
): HeaderTemplate {
  const { ssrc, playoutDelayId, transportCcId } = format
  const extensions: ExtensionElement[] = []
  if (delay && playoutDelayId) extensions.push({ id: playoutDelayId, data: playoutDelays[delay] })
  if (numbered && transportCcId) extensions.push({ id: transportCcId, data: Buffer.alloc(2) })
  const header = { payloadType, sequenceNumber: 0, timestamp: 0, ssrc, extensions }
  const bytes = buildRtp(header, Buffer.alloc(0))
  const written = RtpPacket.parse(bytes)!.extensions
  const hasNumber = numbered && transportCcId !== undefined && written.find(transportCcId)
  return { bytes, transportCcAt: hasNumber ? written.start : undefined }
}

function playoutDelay(delay: { readonly min: number; readonly max: number }): Buffer {
  const data = Buffer.alloc(3)
  writePlayoutDelay(data, 0, delay)
  return data
}
