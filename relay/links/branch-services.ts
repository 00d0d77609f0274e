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
  /** Another parent gives it. @param ms since the loss of the one before was noticed */
  reattached(stream: Stream, ms: number): void
}
