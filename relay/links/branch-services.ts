import type { Registry } from '#control/registry.ts'
import type { Clock } from '#core/clock.ts'
import type { MediaPlane } from '#native/media-plane.ts'
import type { Stream } from '#relay/stream.ts'
import type { Scheduler } from '#webrtc/peers.ts'
import type { Uplink } from './uplink.ts'

/** What a branch asks of its node. */
export interface BranchServices {
  /** This node. */
  readonly node: string
  readonly plane: MediaPlane
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly registry: Registry
  /** The link to that node, opened if need be; undefined where it cannot be tried now. */
  uplinkTo(node: string): Uplink | undefined
  /** The nodes above have changed: children of the stream are to be told. */
  moved(stream: Stream, path: readonly string[]): void
  /** Another parent gives it. @param ms since the loss of the one before was noticed */
  reattached(stream: Stream, ms: number): void
  /** No parent is to be found: let the children look for one themselves. */
  split(stream: Stream): void
}
