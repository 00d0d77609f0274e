/** Opus packets (RFC 6716 §3); an RTP packet carries exactly one (RFC 7587 §4.2). */

/** Frame durations in ms by the low two bits of the configuration. */
const silkDurations = [10, 20, 40, 60] as const
const celtDurations = [2.5, 5, 10, 20] as const

/** A packet holds at most 120 ms (RFC 6716 §3.2.5). */
const maxDuration = 120

/**
 * Duration of an Opus packet in ms, from its first one or two bytes: RTP time advances by 48
 * ticks per ms. Undefined for an empty packet, no frames, or more than 120 ms.
 */
export function opusDuration(bytes: Buffer, start: number, end: number): number | undefined {
  if (start >= end) return undefined
  const frames = frameCount(bytes, start, end)
  if (frames === undefined) return undefined
  const duration = frames * frameDuration(bytes[start]! >> 3)
  return duration > 0 && duration <= maxDuration ? duration : undefined
}

/** Channels coded in this packet; they may change from one to the next. */
export function opusChannels(bytes: Buffer, start: number, end: number): 1 | 2 | undefined {
  if (start >= end) return undefined
  return bytes[start]! & 0x04 ? 2 : 1
}

function frameCount(bytes: Buffer, start: number, end: number): number | undefined {
  const code = bytes[start]! & 3
  if (code === 0) return 1
  if (code !== 3) return 2
  return start + 1 < end ? bytes[start + 1]! & 0x3f : undefined
}

function frameDuration(configuration: number): number {
  const rate = configuration & 3
  if (configuration < 12) return silkDurations[rate]!
  // Hybrid modes come in two durations only.
  if (configuration < 16) return rate & 1 ? 20 : 10
  return celtDurations[rate]!
}
