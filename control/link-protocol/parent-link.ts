import { LinkSsrcs, SeenSsrcs } from '#control/messages/link-ssrcs.ts'
import {
  chooseVersion,
  type MessageOf,
  type ProtocolRange,
  type SubscriptionMessage,
  spokenVersions,
} from '#control/messages.ts'
import { registryBounds } from '#control/registry.ts'
import type { Machine } from '#core/machine.ts'
import { ControlChannel, type LinkClosed } from './control-channel.ts'
import { childDeadAfter } from './link-pulse.ts'
import { ssrcsOf } from './publication-fault.ts'

type Refusal = Omit<MessageOf<'refused'>, 'type'>

/** Subscriptions of one child to one stream: a new one may begin before the old one is given up. */
const mostOfOneStream = 2

export type ParentEvent =
  /** Answer with `welcome`, or with `refuse`. */
  | { readonly kind: 'hello'; readonly hello: MessageOf<'hello'>; readonly version: number }
  | {
      readonly kind: 'asked'
      readonly message: MessageOf<'subscribe' | 'want' | 'keyframe' | 'unsubscribe'>
    }
  | LinkClosed

export interface ParentLinkOptions {
  /** This node. */
  readonly node: string
  readonly incarnation: number
  /** The node that the token of the WebSocket's request proved. */
  readonly child: string
}

/** The parent's end of one control connection: gives streams. Sans-IO, as `ControlChannel`. */
export class ParentLink implements Machine {
  /**
   * Of what this node sends under the keys of this connection. Tell each in the order in which they
   * were taken: the child takes a lower one for a second use.
   */
  readonly ssrcs = new LinkSsrcs()
  readonly #named = new SeenSsrcs()
  readonly #options: ParentLinkOptions
  readonly #channel: ControlChannel
  /** What the child has asked for, answered or not, and not given up: streams by number. */
  readonly #open = new Map<number, string>()
  /** How many of those are of each stream. */
  readonly #streams = new Map<string, number>()
  #version: number | undefined
  #isWelcome = false
  #last = 0

  constructor(options: ParentLinkOptions, now: number) {
    this.#options = options
    this.#channel = new ControlChannel(childDeadAfter, now)
  }

  get closed(): LinkClosed | undefined {
    return this.#channel.closed
  }

  /** Once, after `hello`. */
  welcome(
    terms: Pick<MessageOf<'welcome'>, 'token' | 'media' | 'ice' | 'keys'>,
    now: number,
  ): void {
    const { node, incarnation } = this.#options
    if (this.#version === undefined || this.#isWelcome) return
    this.#isWelcome = true
    this.#channel.opened()
    this.#channel.send(
      { type: 'welcome', version: this.#version, node, incarnation, ...terms },
      now,
    )
  }

  /** Says no to a subscription, which is over then, or to the connection, which ends. */
  refuse(refusal: Refusal, now: number): void {
    this.#channel.send({ type: 'refused', ...refusal }, now)
    const { subscription } = refusal
    if (subscription === undefined) this.#channel.refused(refusal)
    else this.#close(subscription)
  }

  /**
   * @returns false for a subscription that is over, and when the link is: nothing was said
   * @throws RangeError for an SSRC told before, or out of order: a bug of ours that may cost a nonce
   */
  tell(message: SubscriptionMessage, now: number): boolean {
    if (!this.#named.accept(ssrcsOf(message))) throw new RangeError('an SSRC is told out of order')
    if (!this.#open.has(message.subscription)) return false
    return this.#channel.send(message, now)
  }

  /** This node goes. @param node that takes its place */
  move(node: string, now: number): void {
    this.#channel.send({ type: 'move', node }, now)
  }

  /** A packet of the child passed authentication at that time. */
  heardMedia(now: number): void {
    this.#channel.heard(now)
  }

  receive(text: string, now: number): ParentEvent | undefined {
    const message = this.#channel.read(text, now)
    if (!message || 'kind' in message) return message
    if (message.type === 'refused') return this.#channel.refused(message)
    if (message.type === 'hello') return this.#hello(message, now)
    if (!this.#isWelcome) {
      return this.#channel.break(`"${message.type}" came before "welcome" was said`, now)
    }
    switch (message.type) {
      case 'subscribe':
        return this.#subscribe(message, now)
      case 'unsubscribe':
        return this.#close(message.subscription) ? { kind: 'asked', message } : undefined
      case 'want':
      case 'keyframe':
        return this.#open.has(message.subscription) ? { kind: 'asked', message } : undefined
      case 'welcome':
      case 'subscribed':
      case 'epoch':
      case 'layers':
      case 'clock':
      case 'inactive':
      case 'path':
      case 'move':
      case 'heartbeat':
        return this.#channel.break(`"${message.type}" is nothing that a child says`, now)
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

  /** @returns whether it was open */
  #close(subscription: number): boolean {
    const stream = this.#open.get(subscription)
    if (stream === undefined) return false
    this.#open.delete(subscription)
    const left = this.#streams.get(stream)! - 1
    if (left === 0) this.#streams.delete(stream)
    else this.#streams.set(stream, left)
    return true
  }

  #hello(hello: MessageOf<'hello'>, now: number): ParentEvent {
    if (this.#version !== undefined) return this.#channel.break('"hello" came twice', now)
    const { child } = this.#options
    if (hello.node !== child) {
      this.refuse({ reason: 'wrong-token', text: 'the token is of another node' }, now)
      return this.#channel.closed!
    }
    const version = chooseVersion(spokenVersions, hello.protocol)
    if (version === undefined) {
      const { node } = this.#options
      const text = `${node} speaks ${rangeText(spokenVersions)}, ${child} ${rangeText(hello.protocol)}`
      this.refuse({ reason: 'version', text }, now)
      return this.#channel.closed!
    }
    this.#version = version
    return { kind: 'hello', hello, version }
  }

  #subscribe(message: MessageOf<'subscribe'>, now: number): ParentEvent | undefined {
    const { subscription, below, stream } = message
    if (subscription <= this.#last) return this.#channel.break('a number comes twice', now)
    if (below.at(-1) !== this.#options.child) {
      return this.#channel.break('the last one below is not the child', now)
    }
    this.#last = subscription
    if (below.includes(this.#options.node)) {
      this.refuse({ subscription, reason: 'loop', text: 'this node waits for itself' }, now)
      return undefined
    }
    const same = this.#streams.get(stream) ?? 0
    if (same >= mostOfOneStream) {
      this.refuse({ subscription, reason: 'full', text: 'it is subscribed already' }, now)
      return undefined
    }
    if (this.#open.size >= registryBounds.carriedPerNode) {
      this.refuse({ subscription, reason: 'full', text: 'too many streams on one link' }, now)
      return undefined
    }
    this.#open.set(subscription, stream)
    this.#streams.set(stream, same + 1)
    return { kind: 'asked', message }
  }
}

function rangeText({ oldest, newest }: ProtocolRange): string {
  return oldest === newest ? `version ${oldest}` : `versions ${oldest} to ${newest}`
}
