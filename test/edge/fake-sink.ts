import type { EventSink } from '#edge/event-stream.ts'

/** A connection that remembers what was written to it. */
export class FakeSink implements EventSink {
  /** Takes what is written, but says that its reader is behind. */
  full = false
  state: 'open' | 'ended' | 'destroyed' = 'open'
  readonly #written: string[] = []

  write(text: string): boolean {
    this.#written.push(text)
    return !this.full
  }

  end(): void {
    this.state = 'ended'
  }

  destroy(): void {
    this.state = 'destroyed'
  }

  /** What was written since the last call. */
  take(): string[] {
    return this.#written.splice(0)
  }
}
