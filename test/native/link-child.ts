import type { MediaPlane, TrackId } from '#native/media-plane.ts'
import type { LogFeed } from './log-feed.ts'
import type { Viewer } from './viewer.ts'

/** SRTP's first number of a run lies below this (docs/tree.md, "Numbers"). */
const numberBound = 2 ** 15
/** Beside the track that it has as a viewer. */
const firstSsrc = 0x7000_0000

interface Run {
  readonly track: TrackId
  readonly ssrc: number
}

/** Another node as the plane sees it: a peer that gets runs of logs. */
export class LinkChild {
  readonly viewer: Viewer
  readonly #plane: MediaPlane
  readonly #runs: Run[] = []
  #begun = 0

  constructor(plane: MediaPlane, viewer: Viewer) {
    this.#plane = plane
    this.viewer = viewer
  }

  /** From that ingest index on, as a feed of the relay begins. @returns its SSRC */
  begin(log: LogFeed, from: number, pace = 100_000): number {
    const ssrc = firstSsrc + this.#begun++
    const base = Math.floor(from / numberBound) * numberBound
    const track = this.#plane.addLink(this.viewer.id, { ssrc, base })
    this.#plane.replay(track, { log: log.id, payloadType: 0 }, { from, pace, burst: 3000 })
    this.#runs.push({ track, ssrc })
    return ssrc
  }

  /** Asks for some of the last numbers of a run again. */
  nack(run: number, back: number, count: number): void {
    const asked = this.#runs[run % Math.max(1, this.#runs.length)]
    const last = asked && this.#lastOf(asked)
    if (!asked || last === undefined) return
    const numbers = Array.from({ length: count }, (_, i) => (last - back + i) & 0xffff)
    this.#plane.retransmit(asked.track, numbers)
  }

  end(run: number): void {
    const [ended] = this.#runs.splice(run % Math.max(1, this.#runs.length), 1)
    if (ended) this.#plane.removeTrack(ended.track)
  }

  #lastOf({ ssrc }: Run): number | undefined {
    return this.viewer.peer.media.findLast((sent) => sent.ssrc === ssrc)?.index
  }
}
