import { SeenSsrcs } from '#control/messages/link-ssrcs.ts'
import {
  type Message,
  type MessageOf,
  type ProtocolRange,
  type SubscriptionMessage,
  spokenVersions,
} from '#control/messages.ts'
import type { Machine } from '#core/machine.ts'
import { ControlChannel, type LinkClosed } from './control-channel.ts'
import { parentDeadAfter } from './link-pulse.ts'
import { publicationFault, ssrcsOf } from './publication-fault.ts'

/** What a child asks for. */
export type Wish = Omit<MessageOf<'subscribe'>, 'type' | 'subscription'>

export type ChildEvent =
  /** Verify its token as the answer to ours before anything of it is used. */
  | { readonly kind: 'opened'; readonly welcome: MessageOf<'welcome'> }
  /** To be acted on. Those that are late, or of nothing that is open, do not get here. */
  | { readonly kind: 'told'; readonly message: SubscriptionMessage | MessageOf<'move'> }
  /** One subscription is over, by the parent's word. */
  | { readonly kind: 'refused'; readonly refusal: MessageOf<'refused'> }
  /** The parent stands below this node. The subscription is over: look for another parent. */
  | { readonly kind: 'loop'; readonly subscription: number }
  | LinkClosed

export interface ChildLinkOptions {
  readonly node: string
  readonly incarnation: number
  /** The node that was called. */
  readonly parent: string
  readonly versions?: ProtocolRange
}

/** The child's end of one control connection: asks for streams. Sans-IO, as `ControlChannel`. */
export class ChildLink implements Machine {
  readonly #options: ChildLinkOptions
  readonly #versions: ProtocolRange
  readonly #channel: ControlChannel
  readonly #ssrcs = new SeenSsrcs()
  /** Open subscriptions, and their epoch once the parent has told it. */
  readonly #epochs = new Map<number, number | undefined>()
  #isOpen = false
  #last = 0

  /** Says hello. */
  constructor(options: ChildLinkOptions, now: number) {
    const { node, incarnation, versions = spokenVersions } = options
    this.#options = options
    this.#versions = versions
    this.#channel = new ControlChannel(parentDeadAfter, now)
    const protocol = { ...versions }
    this.#channel.send({ type: 'hello', node, incarnation, protocol, role: 'subscriber' }, now)
  }

  get closed(): LinkClosed | undefined {
    return this.#channel.closed
  }

  /** @returns the number of the subscription; undefined while the link is not open */
  subscribe(wish: Wish, now: number): number | undefined {
    if (!this.#isOpen) return undefined
    const subscription = this.#last + 1
    if (!this.#channel.send({ type: 'subscribe', subscription, ...wish }, now)) return undefined
    this.#last = subscription
    this.#epochs.set(subscription, undefined)
    return subscription
  }

  /** Nothing happens to a subscription that is over. */
  tell(message: MessageOf<'want' | 'keyframe'>, now: number): void {
    if (this.#epochs.has(message.subscription)) this.#channel.send(message, now)
  }

  unsubscribe(subscription: number, now: number): void {
    if (!this.#epochs.delete(subscription)) return
    this.#channel.send({ type: 'unsubscribe', subscription }, now)
  }

  /** A packet of the parent passed authentication at that time. */
  heardMedia(now: number): void {
    this.#channel.heard(now)
  }

  receive(text: string, now: number): ChildEvent | undefined {
    const message = this.#channel.read(text, now)
    if (!message || 'kind' in message) return message
    if (message.type === 'refused') return this.#refused(message)
    if (!this.#isOpen) return this.#open(message, now)
    switch (message.type) {
      case 'move':
        return { kind: 'told', message }
      case 'subscribed':
      case 'epoch':
      case 'layers':
      case 'clock':
      case 'inactive':
      case 'path':
        return this.#told(message, now)
      case 'hello':
      case 'welcome':
      case 'subscribe':
      case 'want':
      case 'keyframe':
      case 'unsubscribe':
      case 'heartbeat':
        return this.#channel.break(`"${message.type}" is nothing that a parent says now`, now)
    }
  }

  take(): string | undefined {
    return this.#channel.take()
  }

  get nextTimeout(): number {
    return this.#channel.nextTimeout
  }

  poll(now: number): LinkClosed | undefined {
    return this.#channel.poll(now)
  }

  #open(message: Message, now: number): ChildEvent {
    if (message.type !== 'welcome') {
      return this.#channel.break(`"${message.type}" came before "welcome"`, now)
    }
    const { oldest, newest } = this.#versions
    const { version, node } = message
    if (version < oldest || version > newest) {
      return this.#channel.break(`version ${version} was not offered`, now)
    }
    if (node !== this.#options.parent) return this.#channel.break('another node was called', now)
    this.#isOpen = true
    this.#channel.opened()
    return { kind: 'opened', welcome: message }
  }

  #refused(refusal: MessageOf<'refused'>): ChildEvent | undefined {
    const { subscription } = refusal
    if (subscription === undefined) return this.#channel.refused(refusal)
    return this.#epochs.delete(subscription) ? { kind: 'refused', refusal } : undefined
  }

  #told(message: SubscriptionMessage, now: number): ChildEvent | undefined {
    // Also of what is not open any more: a number counts as used from when it was named.
    const fault = this.#faultOf(message)
    if (fault) return this.#channel.break(fault, now)
    const { subscription } = message
    if (!this.#epochs.has(subscription) || !this.#isNews(message)) return undefined
    if ('path' in message && message.path.includes(this.#options.node)) {
      this.unsubscribe(subscription, now)
      return { kind: 'loop', subscription }
    }
    if ('tracks' in message) this.#epochs.set(subscription, message.epoch)
    return { kind: 'told', message }
  }

  #faultOf(message: SubscriptionMessage): string | undefined {
    if (!this.#ssrcs.accept(ssrcsOf(message))) return 'an SSRC comes a second time'
    return 'tracks' in message ? publicationFault(message) : undefined
  }

  #isNews(message: SubscriptionMessage): boolean {
    const known = this.#epochs.get(message.subscription)
    switch (message.type) {
      case 'subscribed':
        return known === undefined
      case 'epoch':
        return known !== undefined && message.epoch > known
      case 'layers':
      case 'clock':
      case 'inactive':
        return message.epoch === known
      case 'path':
        return known !== undefined
    }
  }
}
