import type { StreamName } from '#core/stream-name.ts'
import type { VideoCodec } from '#rtp/codecs/video-codec.ts'
import type { KeyframeAnswers } from './keyframe-requests.ts'

/** One stream as `/api/v1/streams/…` tells it. What is not known yet is left out. */
export interface StreamStatus {
  readonly name: StreamName
  /** Inactive: known, perhaps with viewers waiting in place, but nobody publishes. */
  readonly state: 'live' | 'inactive'
  /** Counts publications of this name on this node, from 1. */
  readonly epoch: number
  /** When the state began: ISO 8601, UTC. */
  readonly since: string
  readonly publisher?: PublisherStatus | undefined
  readonly video?: VideoStatus | undefined
  /** Of simulcast: the encodings that come, from the smallest picture to the largest. */
  readonly layers?: readonly LayerStatus[] | undefined
  readonly audio?: AudioStatus | undefined
  readonly viewers: number
  readonly joins: JoinSummary
  /** What spoils the stream, worst first. */
  readonly warnings: readonly Warning[]
}

export interface PublisherStatus {
  /** As `recogniseClient` names it: 'obs', 'ffmpeg', 'chromium' … */
  readonly client: string
  readonly connectedMs: number
  /** Bits per second of its RTP packets, headers included. */
  readonly bitrate: number
  /** 0–1, before repair, over the last second. */
  readonly lossFraction: number
  /** Packets asked for again since it connected. */
  readonly nacks: number
  readonly jitterMs: number
}

export interface VideoStatus {
  readonly codec: VideoCodec
  /** As seen in the stream, not as offered: six hex digits for H264, else the profile's number. */
  readonly profileLevelId?: string | undefined
  readonly width?: number | undefined
  readonly height?: number | undefined
  /** Bits per second. */
  readonly bitrate: number
  readonly framesPerSecond?: number | undefined
  /** Between the last two keyframes, or since the last one if that is longer already. */
  readonly gopMs?: number | undefined
  /** Packets since the last keyframe began: what a joining viewer is sent. */
  readonly gopPackets: number
  /** Frames are sent out of display order: there are B-frames. */
  readonly reordered: boolean
  readonly answersKeyframeRequests: KeyframeAnswers
  /** Why a joining viewer must wait for the next keyframe, if it must. */
  readonly replay: 'ready' | 'no-keyframe-yet' | 'log-full'
}

export interface LayerStatus {
  readonly rid?: string | undefined
  /** The highest layers of the encoding that are in it; left out where it has none. */
  readonly spatialId?: number | undefined
  readonly temporalId?: number | undefined
  readonly width?: number | undefined
  readonly height?: number | undefined
  /** Bits per second. */
  readonly bitrate: number
  readonly framesPerSecond: number
  /** Viewers that are sent this one. */
  readonly viewers: number
}

export interface AudioStatus {
  readonly codec: string
  readonly channels: number
  /** Bits per second. */
  readonly bitrate: number
}

/** The steps of a join, in order. Each is measured from the arrival of the POST. */
export type JoinPhase = 'answer' | 'stun' | 'dtls' | 'first-packet' | 'live'

export interface JoinSummary {
  /** Joins since the stream was first published. */
  readonly count: number
  /** Milliseconds over the last joins; a phase that none has reached is left out. */
  readonly phases: Readonly<Partial<Record<JoinPhase, JoinPercentiles>>>
}

export interface JoinPercentiles {
  readonly p50: number
  readonly p95: number
}

/** Clients match on the code; the text is for people. */
export interface Warning {
  readonly code: WarningCode
  readonly text: string
}

export type WarningCode =
  | 'no-video'
  | 'no-audio'
  | 'no-keyframe-yet'
  | 'log-full'
  | 'loss-on-the-way-in'
  | 'b-frames'
  | 'codec-not-everywhere'
  | 'profile-not-everywhere'
  | 'long-keyframe-interval'
