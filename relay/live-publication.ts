import type { PublishedTrack } from '#webrtc/sdp/publish-answer.ts'
import type { PublishedLayers } from './published-layers.ts'

/** What is known of a track for the whole epoch, on every node that has the stream. */
export interface LiveTrack
  extends Pick<
    PublishedTrack,
    'kind' | 'codec' | 'payloadType' | 'clockRate' | 'channels' | 'profile' | 'parameters'
  > {
  /** Header extensions that viewers' packets are made from. */
  readonly extensions: { readonly dependencyDescriptor?: number }
}

/**
 * What a stream shows from one publisher's coming to its going: an epoch. It comes from a
 * publisher at this node (`Publication`) or over a link (`LinkedPublication`); whoever watches
 * sees no difference.
 */
export interface LivePublication {
  readonly format: { readonly audio?: LiveTrack; readonly video?: LiveTrack }
  /** The publisher's program, as `recogniseClient` names it. */
  readonly client: string
  /** Monotonic ms. */
  readonly startedAt: number
  readonly layers: PublishedLayers
  /** Packets asked for again on the way in. */
  readonly nacks: number
  /** Of the cluster (`StreamRecord.epoch`); undefined while the registry has not told it. */
  readonly epoch: number | undefined
  /** Whether anybody watches, set by the stream: for nobody, no keyframe is asked for. */
  hasViewers: boolean
  close(): void
}
