import type { MessageOf, SubscriptionMessage } from '#control/messages.ts'
import type { PeerId, TrackId } from '#native/media-plane.ts'

/** Why a node says no. */
export type Refusal = Pick<MessageOf<'refused'>, 'reason' | 'text'>

/** What a feed needs of the link that it goes over. */
export interface FeedLink {
  /** Of the child at the plane; undefined until its way back is proved. */
  readonly provedPeer: PeerId | undefined
  /** By SSRC: where the packets of each run go out, for the child to ask for some again. */
  readonly runs: Map<number, TrackId>
  /** Undefined when there are no more: the link must be made anew. */
  nextSsrc(): number | undefined
  tell(message: SubscriptionMessage): void
  /** Ends the subscription: the child looks elsewhere. */
  refuse(subscription: number, refusal: Refusal): void
  /** The keys are used up. */
  exhausted(): void
}

/** The link knows which it is. */
export type WithoutSubscription<Message> = Message extends unknown
  ? Omit<Message, 'subscription'>
  : never
