import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from '#core/clock.ts'
import type { Machine } from '#core/machine.ts'
import { type StreamName, streamKey } from '#core/stream-name.ts'
import type { SessionEvents } from '#edge/session-events.ts'
import type { Links } from '#relay/links/links.ts'
import type { Scheduler } from '#webrtc/peers.ts'
import type { Cluster } from './cluster.ts'

/** Where viewers of a node that goes shall go. */
export interface Refuges {
  /**
   * @param streams of each viewer that goes now
   * @returns an origin for each of them; undefined where no other node has room
   */
  deal(streams: readonly string[]): (string | undefined)[]
}

export interface DrainOptions {
  readonly cluster: Pick<Cluster, 'drain' | 'hasOthers'>
  readonly events: Pick<SessionEvents, 'readers' | 'reconnect'>
  /** As it is now; undefined for a node that is alone. */
  refuges(): Refuges | undefined
  /** Viewers here. */
  remaining(): number
  /** Publishers here. */
  publishing(): number
  /** Nodes that get streams from here; undefined for a node that is alone. */
  links(): Pick<Links, 'drain' | 'undrain' | 'children'> | undefined
  /** How long it may take until viewers have gone, in ms. */
  readonly within: number
  /** How long publishers may take to stop of their own accord, in ms. */
  readonly publishersWithin: number
  readonly clock: Clock
  readonly scheduler: Scheduler
}

/** Between two looks at who is still here, in ms. */
const interval = 50

/** Viewers are told in turns of so many ms. */
const turnInterval = 100
/**
 * Viewers told in a turn, 300 a second. A join costs 1 to 3 ms of a core, so that even if all went
 * to one edge, that would be less than one core.
 */
const perTurn = 30
/** Who is still here after that many ms is asked again: its move failed, or there was no room for it. */
const askAgainAfter = 15_000
/** The part of the time in which all have been told: then the last have some left to go. */
const tellWithin = 0.7

/** Empties a node, so that it can be stopped without anybody's loss. */
export class Drain implements Machine {
  readonly #options: DrainOptions
  /** Sessions that were asked to go, and when: monotonic ms. */
  readonly #told = new Map<string, number>()
  #refuges: Refuges | undefined
  #refugesUntil = Number.NEGATIVE_INFINITY
  #perTurn = perTurn
  #nextTimeout = Number.POSITIVE_INFINITY

  constructor(options: DrainOptions) {
    this.#options = options
  }

  /**
   * Takes nobody new from now on, and asks viewers to go to other nodes: by turns, so that those
   * nodes are not overrun, and all of them well before the time is over. Publishers stay.
   */
  begin(): void {
    const { cluster, events, links, within, clock, scheduler } = this.#options
    cluster.drain()
    links()?.drain()
    this.#refugesUntil = Number.NEGATIVE_INFINITY
    const turns = Math.max(Math.floor((tellWithin * within) / turnInterval), 1)
    const count = [...events.readers()].length
    // One that is alone waits for nobody.
    const isHurried = !cluster.hasOthers || within === 0
    this.#perTurn = isHurried ? Number.POSITIVE_INFINITY : Math.max(perTurn, count / turns)
    // Begun again, it asks those again who are still here.
    this.#told.clear()
    this.poll(clock.now())
    scheduler.add(this)
  }

  /** Takes clients again. Who has gone does not come back. */
  cancel(): void {
    this.#options.scheduler.remove(this)
    this.#nextTimeout = Number.POSITIVE_INFINITY
    this.#told.clear()
    this.#options.cluster.drain(false)
    this.#options.links()?.undrain()
  }

  /**
   * @param hurry aborted when nobody is waited for any longer
   * @returns when everybody has gone, or there is nowhere to go, or when the time is over
   */
  async done(hurry?: AbortSignal): Promise<void> {
    const { cluster, clock } = this.#options
    const begun = clock.now()
    while (!hurry?.aborted && cluster.hasOthers && this.#isWaiting(clock.now() - begun)) {
      await pause(interval)
    }
  }

  get nextTimeout(): number {
    return this.#nextTimeout
  }

  /** Asks the next ones. Goes on for as long as the node drains: some pages begin to listen late. */
  poll(now: number): void {
    this.#nextTimeout = now + turnInterval
    const { events } = this.#options
    const turn: { readonly id: string; readonly name: StreamName }[] = []
    for (const reader of events.readers()) {
      if (turn.length >= this.#perTurn) break
      const toldAt = this.#told.get(reader.id) ?? Number.NEGATIVE_INFINITY
      if (now - toldAt >= askAgainAfter) turn.push(reader)
    }
    const origins = this.#refugesNow(now)?.deal(turn.map(({ name }) => streamKey(name)))
    for (const [at, { id, name }] of turn.entries()) {
      this.#told.set(id, now)
      events.reconnect(id, urlAt(origins?.[at], name))
    }
  }

  /** @param since it began to wait, in ms */
  #isWaiting(since: number): boolean {
    const { remaining, publishing, links, within, publishersWithin } = this.#options
    if (since < publishersWithin && publishing() > 0) return true
    return since < within && (remaining() > 0 || (links()?.children ?? 0) > 0)
  }

  // Where there was no room before, there may be some when they are asked again.
  #refugesNow(now: number): Refuges | undefined {
    if (now >= this.#refugesUntil) {
      this.#refuges = this.#options.refuges()
      this.#refugesUntil = now + askAgainAfter
    }
    return this.#refuges
  }
}

function urlAt(origin: string | undefined, { tenant, stream }: StreamName): string | undefined {
  return origin === undefined ? undefined : `${origin}/whep/${tenant}/${stream}`
}
