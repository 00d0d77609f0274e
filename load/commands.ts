import type { PublisherKind } from './publisher-layers.ts'

/** Limits on a run's figures, in ms, percent and µs; what is past one ends the tool with code 1. */
export interface Thresholds {
  readonly joinP50: number | undefined
  readonly joinP95: number | undefined
  readonly liveP95: number | undefined
  readonly lossPercent: number | undefined
  readonly latencyP99: number | undefined
  /** Of all viewers together. */
  readonly freezes: number | undefined
  /** Of any viewer. */
  readonly longestFreeze: number | undefined
  /** Of all viewers together, with `follow`. */
  readonly troubles: number | undefined
  /** Of the server, in µs per packet received. */
  readonly cpuPerPacket: number | undefined
  /** Sessions that may fail. */
  readonly failures: number
}

export interface CommonOptions {
  readonly token: string | undefined
  readonly json: string | undefined
  /** Takes any certificate. */
  readonly insecure: boolean
  /** File of certificates to trust besides the usual ones. */
  readonly ca: string | undefined
  /** Whether native code receives, where it is built. */
  readonly native: boolean
}

export interface ViewCommand extends CommonOptions {
  readonly kind: 'view'
  readonly url: string
  readonly viewers: number
  /** Viewers started per second. */
  readonly ramp: number
  /** Seconds from the start of the last viewer. */
  readonly duration: number
  /** Viewers that join at once when the others have been started. */
  readonly storm: number
  /** Viewers a second that leave, and are replaced or are not: one of both at most. */
  readonly churn: number | undefined
  readonly leave: number | undefined
  /** Viewers go where the server sends them, and come back when their session ends. */
  readonly follow: boolean
  /** One viewer in so many is decrypted. */
  readonly decrypt: number | undefined
  /** Process of the server. */
  readonly pid: number | undefined
  /** Seconds between two points of the curves. */
  readonly sample: number | undefined
  readonly thresholds: Thresholds
}

export interface PublishCommand extends CommonOptions {
  readonly kind: 'publish'
  /** One per stream. */
  readonly urls: readonly string[]
  readonly clip: string | undefined
  readonly frameRate: number | undefined
  /** Seconds. */
  readonly keyframeInterval: number | undefined
  /** Sizes in which each picture is sent. */
  readonly layers: number
  /** Kbit/s of each layer; undefined takes the clip's, or a share of it. */
  readonly bitrates: readonly number[] | undefined
  readonly as: PublisherKind
  /** Seconds; undefined means until Ctrl-C. */
  readonly duration: number | undefined
}

export type LoadCommand = { readonly kind: 'help' } | ViewCommand | PublishCommand
