/** Events of a session that a page may ask for (WHEP-86..96). */
export const eventNames = ['active', 'inactive', 'layers', 'reconnect', 'viewercount'] as const
export type EventName = (typeof eventNames)[number]

/** Events that wait for one slow page at most (WHEP-84). */
const capacity = 256

/** Of these only the newest is worth anything: it takes the place of one that still waits. */
const states: ReadonlySet<EventName> = new Set(['layers', 'viewercount'])

interface Waiting {
  readonly name: EventName
  data: string
}

/** What is still to be sent on one event stream: only what was asked for, the oldest dropped. */
export class EventQueue {
  readonly #wanted: ReadonlySet<EventName>
  readonly #waiting: Waiting[] = []

  constructor(wanted: Iterable<EventName>) {
    this.#wanted = new Set(wanted)
  }

  get size(): number {
    return this.#waiting.length
  }

  wants(name: EventName): boolean {
    return this.#wanted.has(name)
  }

  /** @param data JSON on one line */
  push(name: EventName, data: string): void {
    if (!this.#wanted.has(name)) return
    const same = states.has(name) && this.#waiting.find((waiting) => waiting.name === name)
    if (same) {
      same.data = data
      return
    }
    if (this.#waiting.length === capacity) this.#waiting.shift()
    this.#waiting.push({ name, data })
  }

  /** The oldest, as `text/event-stream` writes it: one line of data (WHEP-79). */
  take(): string | undefined {
    const next = this.#waiting.shift()
    return next && `event: ${next.name}\ndata: ${next.data}\n\n`
  }
}
