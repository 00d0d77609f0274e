import { SequenceUnwrapper } from './sequence.ts'

export interface NackOptions {
  /** Wait before the first request, in ms: most reordering heals within it. */
  readonly reorderWait?: number
  /** Least wait between two requests for one packet, in ms; the round trip if that is longer. */
  readonly minRetryInterval?: number
  readonly maxAttempts?: number
  /** Age of a loss, in ms, at which the player has stopped waiting for it. */
  readonly maxAge?: number
  /** Longest gap worth repairing, in packets: past it a keyframe is cheaper. */
  readonly maxGap?: number
  /** Most losses remembered; the oldest are given up for newer ones. */
  readonly maxLosses?: number
}

export type Repair =
  | { readonly kind: 'nack'; readonly lost: readonly number[] }
  | { readonly kind: 'keyframe' }

interface Loss {
  attempts: number
  readonly since: number
  dueAt: number
}

const defaults: Required<NackOptions> = {
  reorderWait: 15,
  minRetryInterval: 20,
  maxAttempts: 10,
  maxAge: 1000,
  // Half a second of a 10 Mbit/s stream: a burst that the way back still carries at once.
  maxGap: 512,
  maxLosses: 1024,
}

/** Until one is measured: a repetition too early costs one packet, one too late a frozen picture. */
const assumedRoundTrip = 100

/** Numbers in one request: the worst case of 4 bytes each still fits a datagram. */
const maxRequest = 256

/**
 * Decides which lost packets of one SSRC to ask for again (RFC 4585 §6.2.1), and when to ask
 * for a keyframe instead.
 *
 * Sans-IO: `receive` takes what arrived, `poll` returns what to send, `nextTimeout` says when to
 * poll again. Every `now` is monotonic milliseconds. Nothing from before the first packet is asked
 * for. Rules of single clients are their owner's: no generator for OBS layers with rid ≥ 1
 * (`INTEROP.md` IO-23), and for ffmpeg a NACK alone in its datagram (IO-42).
 */
export class NackGenerator {
  /** Round trip to the sender in ms, as measured. */
  roundTrip = assumedRoundTrip

  readonly #options: Required<NackOptions>
  readonly #unwrapper = new SequenceUnwrapper()
  /** By unwrapped number, oldest first: a loss is always newer than those found before. */
  readonly #losses = new Map<number, Loss>()
  #newest: number | undefined
  #keyframeNeeded = false
  /** Not later than the first loss is due. */
  #earliest = Number.POSITIVE_INFINITY

  constructor(options: NackOptions = {}) {
    this.#options = { ...defaults, ...options }
  }

  /** Takes a packet of the stream: media, padding, or one that was rebuilt from RTX. */
  receive(sequenceNumber: number, now: number): void {
    const sequence = this.#unwrapper.unwrap(sequenceNumber)
    const newest = this.#newest ?? sequence
    if (sequence <= newest) {
      this.#newest = newest
      this.#losses.delete(sequence)
      return
    }
    this.#newest = sequence
    if (sequence - newest > this.#options.maxGap) {
      // What was lost before is past repair too: the sender's memory is not longer than that.
      this.#losses.clear()
      this.#keyframeNeeded = true
      return
    }
    if (sequence - newest > 1) this.#lose(newest + 1, sequence, now)
  }

  /**
   * A keyframe has come: what was lost before it is no longer worth a request. Losses directly in
   * front of it may be its own parameter sets, and stay.
   *
   * @param sequenceNumber of the first packet seen of the keyframe's timestamp, not of a later
   *   slice: losses inside the keyframe are to be repaired
   */
  keyframeAt(sequenceNumber: number): void {
    this.#keyframeNeeded = false
    if (this.#losses.size === 0) return
    let first = this.#unwrapper.unwrap(sequenceNumber)
    while (this.#losses.has(first - 1)) first--
    for (const sequence of this.#losses.keys()) {
      if (sequence >= first) break
      this.#losses.delete(sequence)
    }
  }

  /** Call it until it returns undefined: there may be two requests, or a keyframe to ask for. */
  poll(now: number): Repair | undefined {
    const lost = now >= this.#earliest ? this.#takeDue(now) : []
    if (lost.length > 0) return { kind: 'nack', lost }
    if (!this.#keyframeNeeded) return undefined
    this.#keyframeNeeded = false
    return { kind: 'keyframe' }
  }

  /** By how many numbers the oldest loss that is not given up lies before the newest packet. */
  get oldestLossBehind(): number | undefined {
    for (const oldest of this.#losses.keys()) return this.#newest! - oldest + 1
    return undefined
  }

  /** When `poll` next has something to say; `Infinity` while nothing is lost. */
  get nextTimeout(): number {
    if (this.#keyframeNeeded) return 0
    return this.#losses.size === 0 ? Number.POSITIVE_INFINITY : this.#earliest
  }

  #lose(first: number, end: number, now: number): void {
    const dueAt = now + this.#options.reorderWait
    for (let sequence = first; sequence < end; sequence++) {
      this.#losses.set(sequence, { attempts: 0, since: now, dueAt })
    }
    this.#earliest = Math.min(this.#earliest, dueAt)
    for (const oldest of this.#losses.keys()) {
      if (this.#losses.size <= this.#options.maxLosses) break
      this.#giveUp(oldest)
    }
  }

  #takeDue(now: number): number[] {
    const { maxAttempts, maxAge, minRetryInterval } = this.#options
    const retryAt = now + Math.max(this.roundTrip, minRetryInterval)
    const lost: number[] = []
    let earliest = Number.POSITIVE_INFINITY
    for (const [sequence, loss] of this.#losses) {
      if (loss.dueAt <= now && lost.length < maxRequest) {
        if (loss.attempts >= maxAttempts || now - loss.since >= maxAge) {
          this.#giveUp(sequence)
          continue
        }
        loss.attempts++
        loss.dueAt = retryAt
        lost.push(sequence & 0xffff)
      }
      earliest = Math.min(earliest, loss.dueAt)
    }
    this.#earliest = earliest
    return lost
  }

  // Only a keyframe mends the picture now. Younger losses stay: a publisher may not answer that
  // request (OBS, ffmpeg), and of audio every packet counts by itself.
  #giveUp(sequence: number): void {
    this.#losses.delete(sequence)
    this.#keyframeNeeded = true
  }
}
