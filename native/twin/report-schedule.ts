import type { OutgoingTrack } from './outgoing-track.ts'
import { reportInterval, trackReport } from './track-reports.ts'

/** Between two looks at every track's report, in ms: a report may be that late. */
const lookInterval = 100

/** When each track's next sender report is due. Every `now` is monotonic ms. */
export class ReportSchedule {
  readonly #send: (track: OutgoingTrack, report: Buffer) => void
  readonly #wall: () => number
  readonly #due = new Map<OutgoingTrack, number>()
  #lookedAt = 0

  /** @param wall milliseconds since the Unix epoch */
  constructor(send: (track: OutgoingTrack, report: Buffer) => void, wall: () => number) {
    this.#send = send
    this.#wall = wall
  }

  /** The track has something to report of, from now on. */
  add(track: OutgoingTrack): void {
    this.#due.set(track, 0)
  }

  remove(track: OutgoingTrack): void {
    this.#due.delete(track)
  }

  poll(now: number): void {
    if (now - this.#lookedAt < lookInterval) return
    this.#lookedAt = now
    for (const [track, due] of this.#due) {
      if (due <= now) this.report(track, now)
    }
  }

  report(track: OutgoingTrack, now: number): void {
    const report = trackReport(track, this.#wall())
    if (!report) return
    this.#due.set(track, now + reportInterval)
    this.#send(track, report)
  }
}
