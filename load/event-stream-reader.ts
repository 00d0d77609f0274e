/** One event of a `text/event-stream`. */
export interface StreamedEvent {
  /** `message` where the server gave it no name. */
  readonly name: string
  readonly data: string
}

/** Characters of one event; what is longer is dropped whole. */
const longestEvent = 64 * 1024

/**
 * Reads server-sent events (HTML §9.2.6) as they come in pieces. Ids and times to wait are of no
 * use here and are passed over. Never throws.
 */
export class EventStreamReader {
  #rest = ''
  #name = ''
  #data: string[] = []
  #size = 0

  /** @returns the events that this piece completes */
  push(piece: string): StreamedEvent[] {
    const events: StreamedEvent[] = []
    const lines = (this.#rest + piece).split(/\r\n|\n|\r(?!$)/)
    this.#rest = (lines.pop() ?? '').slice(0, longestEvent)
    for (const line of lines) {
      if (line === '') this.#dispatch(events)
      else this.#field(line)
    }
    return events
  }

  #field(line: string): void {
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    this.#size += line.length
    if (this.#size > longestEvent) return
    if (field === 'event') this.#name = value
    else if (field === 'data') this.#data.push(value)
  }

  // Without data there is no event, whatever its name (HTML §9.2.6).
  #dispatch(events: StreamedEvent[]): void {
    if (this.#data.length > 0 && this.#size <= longestEvent) {
      events.push({ name: this.#name || 'message', data: this.#data.join('\n') })
    }
    this.#name = ''
    this.#data = []
    this.#size = 0
  }
}
