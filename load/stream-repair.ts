import type { Repair } from '#rtp/nack-generator.ts'
import { GapRepair } from './gap-repair.ts'

/** Asked-for packets remembered: what was never repaired is forgotten in the end. */
const maxAsked = 4096

/** Repair of one stream, and how well it went. Sans-IO: every `now` is monotonic ms. */
export class StreamRepair {
  readonly ssrc: number
  readonly kind: 'audio' | 'video'
  readonly #gaps: GapRepair
  /** 16-bit numbers that were asked for and have not come. */
  readonly #asked = new Set<number>()
  #repaired = 0
  #nacked = 0

  /** @param roundTrip to the server, in ms */
  constructor(ssrc: number, kind: 'audio' | 'video', roundTrip: number) {
    this.ssrc = ssrc
    this.kind = kind
    this.#gaps = new GapRepair(roundTrip)
  }

  /** Packets that came after they had been asked for. */
  get repaired(): number {
    return this.#repaired
  }

  /** Packets asked for, each as often as it was. */
  get nacked(): number {
    return this.#nacked
  }

  gap(before: number, after: number, now: number): void {
    this.#gaps.gap(before, after, now)
  }

  filled(sequenceNumber: number, now: number): void {
    this.#gaps.filled(sequenceNumber, now)
    if (this.#asked.delete(sequenceNumber)) this.#repaired++
  }

  poll(now: number): Repair | undefined {
    const repair = this.#gaps.poll(now)
    if (repair?.kind !== 'nack') return repair
    this.#nacked += repair.lost.length
    if (this.#asked.size > maxAsked) this.#asked.clear()
    for (const lost of repair.lost) this.#asked.add(lost)
    return repair
  }

  get nextTimeout(): number {
    return this.#gaps.nextTimeout
  }
}
