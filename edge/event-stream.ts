import { type EventName, EventQueue } from './event-queue.ts'

/** The response that carries an event stream. */
export interface EventSink {
  /** @returns false when its reader is behind: nothing more until it has caught up */
  write(text: string): boolean
  /** After what was written. */
  end(): void
  /** At once, whatever was written. */
  destroy(): void
}

/** Ms of silence after which a comment shows that the connection stands (WHEP-78). */
const keepAliveInterval = 15_000
/** Ms that a reader may be behind before it is cut off (SEC-50): then it comes anew, or not. */
const patience = 15_000
const comment = ':\n\n'

/**
 * One event stream: what was asked for, and the connection it goes out on, once there is one. A
 * page that loses its connection comes back and finds what happened meanwhile. Sans-IO: `now` is
 * monotonic ms.
 */
export class EventStream {
  readonly #queue: EventQueue
  #sink: EventSink | undefined
  #wroteAt = 0
  #behindSince: number | undefined

  constructor(wanted: Iterable<EventName>) {
    this.#queue = new EventQueue(wanted)
  }

  wants(name: EventName): boolean {
    return this.#queue.wants(name)
  }

  /** Goes on here; a connection from before, perhaps a dead one, is cut. */
  connect(sink: EventSink, now: number): void {
    this.#sink?.destroy()
    this.#sink = sink
    this.#behindSince = undefined
    // With the first bytes the headers leave, and the page knows that it is connected.
    this.#write(comment, now)
    this.#flush(now)
  }

  /** The connection is gone. */
  disconnected(sink: EventSink): void {
    if (this.#sink === sink) this.#sink = undefined
  }

  /** The reader has caught up. */
  drained(now: number): void {
    this.#behindSince = undefined
    this.#flush(now)
  }

  /** @param data JSON on one line */
  push(name: EventName, data: string, now: number): void {
    this.#queue.push(name, data)
    this.#flush(now)
  }

  /** To be called about once a second. */
  tick(now: number): void {
    if (this.#behindSince !== undefined && now - this.#behindSince >= patience) {
      this.#sink?.destroy()
      this.#sink = undefined
      this.#behindSince = undefined
    }
    const isIdle = this.#behindSince === undefined && now - this.#wroteAt >= keepAliveInterval
    if (isIdle) this.#write(comment, now)
  }

  end(): void {
    this.#sink?.end()
    this.#sink = undefined
  }

  #flush(now: number): void {
    while (this.#sink && this.#behindSince === undefined) {
      const text = this.#queue.take()
      if (text === undefined) return
      this.#write(text, now)
    }
  }

  #write(text: string, now: number): void {
    if (!this.#sink) return
    this.#wroteAt = now
    if (!this.#sink.write(text)) this.#behindSince = now
  }
}
