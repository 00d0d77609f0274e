import { NackGenerator, type Repair } from '#rtp/nack-generator.ts'

/** Gaps of one stream that are asked for at one time; past that the oldest is given up. */
const maxGaps = 64

/**
 * Asks for lost packets of one stream again that is known by its gaps alone: whoever counts the
 * packets tells of no others. Each gap has a `NackGenerator` of its own for as long as it lasts,
 * so that a stream without losses costs nothing. Sans-IO: every `now` is monotonic ms.
 */
export class GapRepair {
  readonly #roundTrip: number
  readonly #gaps: NackGenerator[] = []
  #keyframeNeeded = false

  /** @param roundTrip to the sender, in ms */
  constructor(roundTrip: number) {
    this.#roundTrip = roundTrip
  }

  /** The packets between two 16-bit numbers are missing. */
  gap(before: number, after: number, now: number): void {
    const generator = new NackGenerator()
    generator.roundTrip = this.#roundTrip
    generator.receive(before, now)
    generator.receive(after, now)
    if (this.#gaps.length === maxGaps) {
      this.#gaps.shift()
      this.#keyframeNeeded = true
    }
    this.#gaps.push(generator)
  }

  /** What was missing has come, by itself or by RTX. */
  filled(sequenceNumber: number, now: number): void {
    for (const generator of this.#gaps) generator.receive(sequenceNumber, now)
    this.#forget()
  }

  /** Call it until it returns undefined. */
  poll(now: number): Repair | undefined {
    const lost: number[] = []
    for (const generator of this.#gaps) {
      for (let repair = generator.poll(now); repair; repair = generator.poll(now)) {
        if (repair.kind === 'nack') lost.push(...repair.lost)
        else this.#keyframeNeeded = true
      }
    }
    this.#forget()
    if (lost.length > 0) return { kind: 'nack', lost }
    if (!this.#keyframeNeeded) return undefined
    this.#keyframeNeeded = false
    return { kind: 'keyframe' }
  }

  get nextTimeout(): number {
    if (this.#keyframeNeeded) return 0
    return this.#gaps.reduce(
      (earliest, { nextTimeout }) => Math.min(earliest, nextTimeout),
      Number.POSITIVE_INFINITY,
    )
  }

  #forget(): void {
    for (let i = this.#gaps.length - 1; i >= 0; i--) {
      if (this.#gaps[i]!.nextTimeout === Number.POSITIVE_INFINITY) this.#gaps.splice(i, 1)
    }
  }
}
