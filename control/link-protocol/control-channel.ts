import { type Message, type MessageOf, readMessage } from '#control/messages.ts'
import type { Machine } from '#core/machine.ts'
import { LinkPulse } from './link-pulse.ts'
import { Outbox } from './outbox.ts'

/**
 * Why a control connection is over. Its driver sends what `take` still has, then closes the
 * WebSocket, and forgets the keys.
 */
export interface LinkClosed {
  readonly kind: 'closed'
  /**
   * `dead`: nothing heard for too long · `refused`: the other side said no to the connection ·
   * `broken`: the other side said what cannot be · `overflow`: it does not read, or what was to be
   * said is too long
   */
  readonly cause: 'dead' | 'refused' | 'broken' | 'overflow'
  /** For the log. */
  readonly text: string
  /** Of `refused`. */
  readonly reason?: MessageOf<'refused'>['reason']
}

/** From the WebSocket to `welcome`, in ms: an answer takes a token, and no more. */
const openWithin = 5_000

/**
 * What both ends of a control connection do alike: reading, heartbeats, a bounded queue.
 *
 * Sans-IO. Texts of the WebSocket and times go in; after every call the driver sends what `take`
 * has, while the socket's own buffer is short, and looks whether it is `closed`. Every `now` is
 * monotonic ms.
 */
export class ControlChannel implements Machine {
  readonly #outbox = new Outbox()
  readonly #pulse: LinkPulse
  #openBy: number
  #closed: LinkClosed | undefined

  /** @param deadAfter ms of silence */
  constructor(deadAfter: number, now: number) {
    this.#pulse = new LinkPulse(deadAfter, now)
    this.#openBy = now + openWithin
  }

  get closed(): LinkClosed | undefined {
    return this.#closed
  }

  /** The parent has said welcome. Heartbeats alone keep no connection open that has not got there. */
  opened(): void {
    this.#openBy = Number.POSITIVE_INFINITY
  }

  /** @returns undefined for what needs no answer: heartbeats, types of newer nodes */
  read(text: string, now: number): Message | LinkClosed | undefined {
    if (this.#closed) return undefined
    const read = readMessage(text)
    if ('fault' in read) return this.break(read.fault, now)
    this.heard(now)
    if ('unknown' in read || read.type === 'heartbeat') return undefined
    return read
  }

  /** A message, or a packet that passed authentication, came at that time. */
  heard(now: number): void {
    this.#pulse.heard(now)
  }

  /** @returns false when that was the end: see `closed` */
  send(message: Message, now: number): boolean {
    if (this.#closed) return false
    this.#pulse.sent(now)
    if (this.#outbox.push(message)) return true
    this.#close('overflow', `"${message.type}" does not fit into the queue`)
    return false
  }

  /** @returns the next WebSocket message to send */
  take(): string | undefined {
    return this.#outbox.take()
  }

  /** The other side said what cannot be: it is told so, and that is the end. */
  break(text: string, now: number): LinkClosed {
    this.send({ type: 'refused', reason: 'broken', text: text.slice(0, 256) }, now)
    return this.#close('broken', text)
  }

  /** One side said no to the connection. @returns why it is closed, from now on or already */
  refused({ reason, text }: Pick<MessageOf<'refused'>, 'reason' | 'text'>): LinkClosed {
    this.#closed ??= { kind: 'closed', cause: 'refused', text: `${reason}: ${text}`, reason }
    return this.#closed
  }

  get nextTimeout(): number {
    if (this.#closed) return Number.POSITIVE_INFINITY
    return Math.min(this.#openBy, this.#pulse.nextTimeout)
  }

  poll(now: number): LinkClosed | undefined {
    if (this.#closed) return undefined
    const due = this.#pulse.poll(now)
    if (now >= this.#openBy) return this.#close('dead', 'no welcome in time')
    if (due === 'dead') return this.#close('dead', 'nothing was heard for too long')
    if (due === 'heartbeat') this.send({ type: 'heartbeat' }, now)
    return this.#closed
  }

  #close(cause: LinkClosed['cause'], text: string): LinkClosed {
    this.#closed ??= { kind: 'closed', cause, text }
    return this.#closed
  }
}
