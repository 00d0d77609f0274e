import type { Clock } from '#core/clock.ts'
import type { Machine } from '#core/machine.ts'
import type { StreamName } from '#core/stream-name.ts'
import type { Stream } from '#relay/stream.ts'
import type { Scheduler } from '#webrtc/peers.ts'
import { type EventName, eventNames } from './event-queue.ts'
import { EventStream } from './event-stream.ts'
import { StreamEvents, type Watching } from './stream-events.ts'

/** A session whose page may read events. */
export interface EventfulSession extends Watching {
  readonly stream: Stream
}

/** One session, and the event streams of its page by their ids. */
interface Entry {
  readonly session: EventfulSession
  readonly streams: Map<string, EventStream>
  nextId: number
}

/** Event streams of a session; beyond them the oldest ends, and its page comes back for it. */
const maxStreams = 4
/** Ms between two looks at what changed. */
const interval = 1000

/**
 * Server-sent events of all sessions (WHEP extension `server-sent-events`). Nothing is looked at
 * while nobody reads.
 */
export class SessionEvents implements Machine {
  readonly #scheduler: Scheduler
  readonly #clock: Clock
  readonly #sessions = new Map<string, Entry>()
  /** Of streams that somebody reads events of. */
  readonly #watched = new Map<Stream, StreamEvents>()
  #nextTimeout = Number.POSITIVE_INFINITY

  constructor(scheduler: Scheduler, clock: Clock) {
    this.#scheduler = scheduler
    this.#clock = clock
  }

  get nextTimeout(): number {
    return this.#nextTimeout
  }

  poll(now: number): void {
    this.#nextTimeout = now + interval
    for (const events of this.#watched.values()) events.tick(now)
  }

  /** @param id that the session's URL has */
  open(id: string, session: EventfulSession): void {
    this.#sessions.set(id, { session, streams: new Map(), nextId: 1 })
  }

  /** Ends the session's event streams (WHEP-83). */
  close(id: string): void {
    for (const stream of this.#sessions.get(id)?.streams.keys() ?? []) this.end(id, stream)
    this.#sessions.delete(id)
  }

  /**
   * Makes an event stream; `connect` reads it.
   *
   * @param wanted all events where it says nothing (WHEP-77)
   * @returns its id within the session; undefined: there is no such session
   */
  subscribe(id: string, wanted: Iterable<EventName> = eventNames): string | undefined {
    const entry = this.#sessions.get(id)
    if (!entry) return undefined
    for (const oldest of entry.streams.keys()) {
      if (entry.streams.size >= maxStreams) this.end(id, oldest)
    }
    const stream = String(entry.nextId++)
    const events = new EventStream(wanted)
    entry.streams.set(stream, events)
    this.#watch(entry.session, events)
    return stream
  }

  /** @returns undefined: there is no such event stream */
  stream(id: string, stream: string): EventStream | undefined {
    return this.#sessions.get(id)?.streams.get(stream)
  }

  /** Ends one event stream, and what still waits in it (WHEP-82). */
  end(id: string, stream: string): void {
    const entry = this.#sessions.get(id)
    const events = entry?.streams.get(stream)
    if (!entry || !events) return
    entry.streams.delete(stream)
    events.end()
    this.#unwatch(entry.session, events)
  }

  /**
   * Asks the page to start over with a new session (WHEP-94).
   *
   * @param url where; the endpoint it came to, without one
   */
  reconnect(id: string, url?: string): void {
    const data = JSON.stringify(url === undefined ? {} : { url })
    const streams = this.#sessions.get(id)?.streams.values() ?? []
    for (const events of streams) events.push('reconnect', data, this.#clock.now())
  }

  /** Sessions whose page reads events now. */
  *readers(): Generator<{ readonly id: string; readonly name: StreamName }, void> {
    for (const [id, { session, streams }] of this.#sessions) {
      if (streams.size > 0) yield { id, name: session.stream.name }
    }
  }

  /** `reconnect`, to every session there is. */
  reconnectAll(url?: string): void {
    for (const id of this.#sessions.keys()) this.reconnect(id, url)
  }

  #watch(session: EventfulSession, events: EventStream): void {
    const { stream } = session
    const watched = this.#watched.get(stream) ?? new StreamEvents(stream, () => this.#clock.now())
    this.#watched.set(stream, watched)
    watched.add(events, session)
    if (this.#nextTimeout !== Number.POSITIVE_INFINITY) return
    this.#nextTimeout = this.#clock.now()
    this.#scheduler.add(this)
  }

  #unwatch({ stream }: EventfulSession, events: EventStream): void {
    const watched = this.#watched.get(stream)
    watched?.delete(events)
    if (watched?.size === 0) this.#watched.delete(stream)
    if (this.#watched.size > 0) return
    this.#nextTimeout = Number.POSITIVE_INFINITY
    this.#scheduler.remove(this)
  }
}
