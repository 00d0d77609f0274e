import type { TrackFormat } from '#native/media-plane.ts'

/**
 * What the playout-delay extension of a segment says: `now` renders at once, `release` gives
 * the jitter buffer back its freedom, undefined sends none (DESIGN §6.4). The extension is
 * sticky at the receiver, hence the explicit release.
 */
export type PlayoutDelay = 'now' | 'release' | undefined

/** Minimum and maximum in units of 10 ms, 12 bits each. */
const playoutDelayBytes = {
  now: [0, 0, 0],
  // 0 to 4000 ms. The maximum must exceed 500 ms, or Chromium stays in its low-latency path.
  release: [0x00, 0x01, 0x90],
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
  const extensions: number[] = []
  let transportCcAt: number | undefined
  if (delay && format.playoutDelayId) {
    extensions.push((format.playoutDelayId << 4) | 2, ...playoutDelayBytes[delay])
  }
  if (numbered && format.transportCcId) {
    transportCcAt = 12 + 4 + extensions.length + 1
    extensions.push((format.transportCcId << 4) | 1, 0, 0)
  }
  while (extensions.length % 4 !== 0) extensions.push(0)

  const hasExtension = extensions.length > 0
  const bytes = Buffer.alloc(hasExtension ? 16 + extensions.length : 12)
  bytes[0] = hasExtension ? 0x90 : 0x80
  bytes[1] = payloadType
  bytes.writeUInt32BE(format.ssrc, 8)
  if (hasExtension) {
    bytes.writeUInt16BE(0xbede, 12)
    bytes.writeUInt16BE(extensions.length / 4, 14)
    bytes.set(extensions, 16)
  }
  return { bytes, transportCcAt }
}
