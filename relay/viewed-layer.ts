import type { LogClock, LogId } from '#native/media-plane.ts'
import type { StreamFacts } from '#rtp/codecs/stream-facts.ts'
import type { MediaCodec } from '#rtp/codecs/video-codec.ts'
import type { KeyframeRequests } from './keyframe-requests.ts'
import type { LayerRate } from './layer-rate.ts'
import type { PacketLog } from './packet-log.ts'

/**
 * Something that a viewer can be shown: one encoding as its publisher sends it, or an operating
 * point of it, with the layers above left out.
 */
export interface ViewedLayer {
  readonly codec: MediaCodec
  /** Simulcast encoding; undefined where there is one only. */
  readonly rid: string | undefined
  readonly log: PacketLog
  readonly logId: LogId
  readonly keyframes: KeyframeRequests
  readonly inspector: { readonly facts: Readonly<StreamFacts> } | undefined
  /** What the RTP time of its packets means; undefined before the first packet. */
  readonly clock: LogClock | undefined
  readonly clockRate: number
  /** What it takes of a viewer's link. */
  readonly rate: LayerRate
  /** The highest layers within it; undefined where it is not known to have any. */
  readonly spatialId: number | undefined
  readonly temporalId: number | undefined
  /** Whether packets of it come, or are about to: not while the node that sent it is lost. */
  readonly active: boolean
  /** While its log is still being filled from another node's: up to which index. */
  readonly fillingUpTo: number | undefined
  /** As its publisher sends it, over about the last second, as far as that is known here. */
  bitsPerSecond(now: number): number
  /** Bytes per ms, as a replay should reckon with. */
  mediaRate(now: number): number
  /** Frames ended in the last second. */
  framesPerSecond(now: number): number
}

/** Bytes per ms since the newest keyframe, or of the last second while that has just begun. */
export function mediaRate(layer: ViewedLayer, now: number): number {
  const { log, clockRate, fillingUpTo } = layer
  const { keyframe } = log
  const age = log.keyframeAge(now, clockRate) ?? 0
  // The keyframe itself would make the first half second look many times as rich.
  const isTelling = age >= 500 && fillingUpTo === undefined
  if (keyframe !== undefined && isTelling) return log.bytesFrom(keyframe) / age
  return layer.bitsPerSecond(now) / 8000
}

/** Farther apart than this, in ms, clocks are of different timelines. */
const sharedTimeline = 500

/**
 * Ticks by which the RTP time of one encoding is ahead of another's of the same picture. Those of
 * OBS share one timeline (IO-24): what their clocks differ by is the jitter of their first packets.
 *
 * @returns undefined while a clock is not known
 */
export function ticksAhead(one: ViewedLayer, other: ViewedLayer): number | undefined {
  if (!one.clock || !other.clock) return undefined
  const ticks = (one.clock.rtpTimestamp - other.clock.rtpTimestamp) | 0
  const ms = ticks / (one.clockRate / 1000) - (one.clock.wall - other.clock.wall)
  return Math.abs(ms) < sharedTimeline ? 0 : Math.round((ms * one.clockRate) / 1000)
}
