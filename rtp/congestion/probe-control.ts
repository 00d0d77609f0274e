import type { FeedbackDigest } from './feedback-digest.ts'
import { ProbeBudget } from './probe-budget.ts'
import { lastSize, nextSize, wholeLadder } from './probe-ladder.ts'
import { measureProbe, type ProbeMeasurement, rateBetween } from './probe-measurement.ts'

/** A burst that shows whether the link carries more; see `MediaPlane.probe`. */
export interface Probe {
  /** 1–15, and around again. */
  readonly cluster: number
  /** Bytes per ms. */
  readonly pace: number
  readonly bytes: number
}

/** What a probe is decided by. Rates in bits per second. */
export interface ProbeInput {
  readonly estimate: number
  /** That arrive, where known. */
  readonly acknowledged: number | undefined
  /** What the estimate is to reach for more to be sent; 0 for nothing. */
  readonly wanted: number
  readonly applicationLimited: boolean
  /** Or no longer than 3 s ago. */
  readonly recentlyLimited: boolean
}

/** Times the start, one after the other (BWE-53). */
const initialFactors = [3, 6]
/** The next goal after one that was met, and what "met" means (BWE-54). */
const furtherFactor = 2
const met = 0.7
/** Ms for the result after the probe has left (BWE-55). */
const resultWait = 1000
/** Ms after which a probe that still arrives is judged by what has. */
const patience = 250
/** Bytes of a short one that went through a bucket: of most lines none, or twice as many. */
const bucket = 2500
/** Part of a vain hint that is left after each refusal: it is followed again after some ten s. */
const forgetting = 0.97
/** Ms from one that was in vain to the next: twice as long each time, up to the second. */
const shortestRefusal = 1200
const longestRefusal = 3500
/** Ms between goals of habit (BWE-60). */
const periodicInterval = 5000
const periodicFactor = 2
/** Over what is wanted, since a measured rate is a little less than what was aimed at. */
const wantedMargin = 1.15
/** Times what is wanted, or what arrives, and bits per second where neither is known (BWE-59). */
const capFactor = 2
const defaultCap = 5_000_000
/** A goal this little over the estimate is not worth its bytes. */
const worthwhile = 1.1
/** After a drop to less than this, the old rate times the second, within ms (BWE-61). */
const largeDrop = 0.66
const recoveryFactor = 0.85
const recoveryTime = 5000
const recoveryCertainty = 0.95
/** Of what came out of a full link, so that its queue empties (BWE-58). */
const drain = 0.95
/** Ms after a probe filled the link until its queue is empty again. */
const aftermath = 300

/** `lastBytes` are those of the last probe for its goal. */
type Running = Record<'cluster' | 'bytes' | 'lastBytes' | 'sentBy', number>

/** Decides when to look for more than is being sent, and how fast (BWE-53..66). `now` in ms. */
export class ProbeControl {
  readonly #budget = new ProbeBudget()
  readonly #start: number
  readonly #maximum: number
  #cluster = 0
  #initial = 0
  /** Bits per second, once a goal was met on the way up from the start. */
  #further: number | undefined
  #goal: number | undefined
  /** Bits per second that its first probes hinted at, and that the goal was lowered to. */
  #hint = 0
  /** The most that was hinted at in vain, since the link last changed: so a bucket looks here. */
  #vainHint = 0
  /** Of the last probe for the goal; 0 before the first. */
  #bytes = 0
  /** Of the rung below. */
  #passed: ProbeMeasurement | undefined
  #running: Running | undefined
  /** Of what runs, so far. */
  #measured: ProbeMeasurement | undefined
  #disturbedUntil = Number.NEGATIVE_INFINITY
  #overused = false
  #wantedAt = Number.NEGATIVE_INFINITY
  #refusal = shortestRefusal
  /** The last goal was met: a link that has just become faster is worth its bytes. */
  #proved = false
  #periodicAt: number | undefined
  #drop: { readonly from: number; readonly at: number } | undefined
  #recoveredAt = Number.NEGATIVE_INFINITY

  constructor(start: number, maximum: number) {
    this.#start = start
    this.#maximum = maximum
  }

  sent(bytes: number, now: number): void {
    this.#budget.sent(bytes, now)
  }

  /** The queue that grows now may be the probe's own doing. */
  disturbs(now: number): boolean {
    return now < this.#disturbedUntil
  }

  /** The delay grows: what runs has found the limit. */
  overused(): void {
    this.#overused = true
  }

  /** The estimate has fallen (BWE-61). Bits per second. */
  dropped(from: number, to: number, now: number): void {
    if (this.#running) this.#refuse(now)
    else this.#end()
    this.#proved = false
    if (to >= largeDrop * from) return
    this.#drop = { from, at: now }
    this.#vainHint = 0
  }

  /** The link is in no state for probes (BWE-62). */
  stop(): void {
    if (!this.#running) this.#end()
  }

  /** The next probe, if it is time; undefined while one runs. */
  take(now: number, roundTrip: number, input: ProbeInput): Probe | undefined {
    if (this.#running) {
      if (now < this.#running.sentBy + resultWait) return undefined
      this.#refuse(now)
    }
    if (this.#goal !== undefined && this.#goal <= input.estimate) this.#end()
    this.#goal ??= this.#affordable(this.#nextGoal(now, input), input.estimate, now)
    if (this.#goal === undefined) return undefined
    const bytes = nextSize(this.#goal, this.#bytes)
    this.#bytes = bytes
    this.#budget.spend(bytes, now)
    const pace = this.#goal / 8000
    this.#cluster = (this.#cluster % 15) + 1
    this.#running = {
      cluster: this.#cluster,
      bytes,
      lastBytes: lastSize(this.#goal),
      sentBy: now + bytes / pace,
    }
    this.#disturbedUntil = this.#running.sentBy + roundTrip + aftermath
    this.#overused = false
    return { cluster: this.#cluster, pace, bytes }
  }

  /**
   * @param estimate bits per second, until now
   * @returns bits per second that the link is shown to carry, once a goal is met or missed
   */
  report({ probe }: FeedbackDigest, estimate: number, now: number): number | undefined {
    const running = this.#running
    if (!running) return undefined
    const spoken = probe?.cluster === running.cluster
    if (spoken) this.#measured = measureProbe(probe, running.bytes) ?? this.#measured
    const measured = this.#measured
    // What is still queued would tell of a faster link: until nothing more comes, or not soon.
    if (!measured || (spoken && now < running.sentBy + patience)) return undefined
    this.#running = undefined
    this.#measured = undefined
    const more = running.bytes < running.lastBytes
    if (this.#overused || (measured.limited && !(measured.slightly && more))) {
      this.#disturbedUntil = now + aftermath
      return this.#miss(running, measured, estimate, now)
    }
    if (more) {
      if (!measured.limited) this.#passed = measured
      return undefined
    }
    this.#meet(measured.rate, now)
    return measured.rate
  }

  // Much of a short one may have gone through a bucket. Where it hints at more than is believed,
  // another at the rate that it came at tells, and makes no queue to speak of.
  #miss(
    { bytes, lastBytes }: Running,
    measured: ProbeMeasurement,
    estimate: number,
    now: number,
  ): number | undefined {
    const between = this.#passed ? rateBetween(this.#passed, measured) : measured.rate
    const rate = drain * between
    const short = bytes < lastBytes
    const hint = this.#hint
    if (short && !hint && rate > worthwhile * Math.max(estimate, this.#vainHint)) {
      this.#goal = Math.min(this.#goal!, rate)
      this.#hint = rate
      this.#passed = undefined
      return undefined
    }
    this.#refuse(now)
    this.#vainHint *= forgetting
    if (!short) return rate
    if (!hint) return Math.min(rate, estimate)
    const shown = Math.min(rate, (drain * 8000 * (measured.bytes - bucket)) / measured.span)
    if (shown < worthwhile * estimate) this.#vainHint = Math.max(hint, this.#vainHint)
    return shown
  }

  #meet(rate: number, now: number): void {
    const goal = this.#goal ?? rate
    this.#end()
    this.#disturbedUntil = now
    this.#wantedAt = now
    this.#refusal = shortestRefusal
    this.#proved = true
    this.#vainHint = 0
    this.#initial++
    const startingUp = this.#initial === initialFactors.length || this.#further !== undefined
    this.#further = startingUp && rate > met * goal ? furtherFactor * rate : undefined
  }

  #refuse(now: number): void {
    this.#wantedAt = now + this.#refusal
    this.#refusal = Math.min(2 * this.#refusal, longestRefusal)
    this.#proved = false
    this.#periodicAt = now + periodicInterval
    this.#initial = initialFactors.length
    this.#further = undefined
    this.#end()
  }

  #end(): void {
    this.#goal = undefined
    this.#hint = 0
    this.#running = undefined
    this.#measured = undefined
    this.#bytes = 0
    this.#passed = undefined
  }

  /** As much of the goal as there are bytes for: a part of the way is better than none. */
  #affordable(goal: number | undefined, estimate: number, now: number): number | undefined {
    if (goal === undefined || this.#proved) return goal
    if (this.#budget.allows(wholeLadder(goal), now)) return goal
    for (let part = goal / 2; part > worthwhile * estimate; part /= 2) {
      if (this.#budget.allows(wholeLadder(part), now)) return part
    }
    return undefined
  }

  #nextGoal(now: number, input: ProbeInput): number | undefined {
    const { estimate, wanted, acknowledged } = input
    const known = wanted > 0 ? Math.max(wanted, acknowledged ?? 0) : acknowledged
    const cap = Math.min(this.#maximum, known === undefined ? defaultCap : capFactor * known)
    if (cap <= worthwhile * estimate) return undefined
    const goal =
      this.#initialGoal(input) ??
      this.#wantedGoal(now, input) ??
      this.#recoveryGoal(now, input) ??
      this.#periodicGoal(now, input)
    return goal && Math.min(goal, cap)
  }

  #initialGoal({ estimate, wanted }: ProbeInput): number | undefined {
    const factor = initialFactors[this.#initial]
    const further = wanted > estimate ? this.#further : undefined
    const goal = factor ? factor * this.#start : further
    return goal && goal > worthwhile * estimate ? goal : undefined
  }

  #wantedGoal(now: number, { estimate, wanted }: ProbeInput): number | undefined {
    return wanted > estimate && now >= this.#wantedAt ? wantedMargin * wanted : undefined
  }

  #recoveryGoal(
    now: number,
    { estimate, applicationLimited, recentlyLimited }: ProbeInput,
  ): number | undefined {
    const drop = this.#drop
    if (!drop || !(applicationLimited || recentlyLimited)) return undefined
    const goal = recoveryFactor * drop.from
    const due = now - drop.at < recoveryTime && now - this.#recoveredAt >= recoveryTime
    if (!due || recoveryCertainty * goal <= estimate) return undefined
    this.#drop = undefined
    this.#recoveredAt = now
    return goal
  }

  #periodicGoal(now: number, { estimate, applicationLimited }: ProbeInput): number | undefined {
    this.#periodicAt ??= now + periodicInterval
    if (!applicationLimited || now < this.#periodicAt) return undefined
    this.#periodicAt = now + periodicInterval
    return periodicFactor * estimate
  }
}
