import type { LinkClosed } from '#control/link-protocol/control-channel.ts'
import type { MessageOf } from '#control/messages.ts'
import type { NodeRecord } from '#control/node-record.ts'
import type { NodeTokens } from '#control/node-token.ts'
import type { Registry } from '#control/registry.ts'
import type { Clock } from '#core/clock.ts'
import type { MediaPlane } from '#native/media-plane.ts'
import type { Streams } from '#relay/streams.ts'
import type { Peers, Scheduler } from '#webrtc/peers.ts'
import type { Dialer } from './wire.ts'

/** Why a link is over. */
export interface LinkEnd extends Pick<LinkClosed, 'text' | 'reason'> {
  /** `idle`: nothing was wanted of it for long · `closed`: all that `LinkClosed` has no name for */
  readonly cause: LinkClosed['cause'] | 'idle' | 'closed'
}

/** What becomes of links, for log and metrics. */
export interface LinksObserver {
  /** @param version of the protocol that both ends speak on it */
  opened(side: 'parent' | 'child', node: string, version: number): void
  ended(side: 'parent' | 'child', node: string, end: LinkEnd): void
  /** A stream that had lost its parent has another one. @param ms since the loss was noticed */
  reattached(stream: string, ms: number): void
}

export interface LinksOptions {
  /** This node, as it is now. */
  node(): NodeRecord
  readonly registry: Registry
  readonly tokens: Pick<NodeTokens, 'mint' | 'verify'>
  readonly plane: MediaPlane
  readonly peers: Pick<Peers, 'reserveId'>
  readonly streams: Streams
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly dialer: Dialer
  /** @returns where a child that called from that address reaches the media port */
  media(address: string): MessageOf<'welcome'>['media']
  readonly observer: LinksObserver
}
