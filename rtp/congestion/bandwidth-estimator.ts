import { AcknowledgedRate } from './acknowledged-rate.ts'
import { ApplicationLimit } from './application-limit.ts'
import { type FeedbackDigest, groupFields } from './feedback-digest.ts'
import { FullRate } from './full-rate.ts'
import { LossBound } from './loss-bound.ts'
import { OveruseDetector, type Usage } from './overuse-detector.ts'
import { type Probe, ProbeControl } from './probe-control.ts'
import { RateControl } from './rate-control.ts'
import { Trendline } from './trendline.ts'

/** Bits per second. */
export interface EstimatorOptions {
  readonly start: number
  /** The estimate never falls below (BWE-38). */
  readonly minimum: number
  readonly maximum?: number
}

/** Ms, until a report has come (BWE-34); then an eighth of each new one counts. */
const assumedRoundTrip = 200
const roundTripWeight = 1 / 8
/** Groups that tell something (BWE-17). */
const enoughGroups = 2
/** Ms without a report after which the trend begins anew (BWE-13). */
const longestSilence = 2000
/** A probe that shows this part of what is believed already is no news. */
const roughly = 0.7
/** Of what a full link lets out: less, so that its queue empties. */
const provenShare = 0.95
/** Times what arrives, as far as that is recalled (BWE-59). */
const recallFactor = 2
/** Ms without a report, while sending, that are congestion; and this much is left (BWE-47). */
const feedbackTimeout = 1000
/** Ms without reports, since nothing was sent, after which a probe may ask. */
const idleTime = 1500
const longestRoundTrip = 3000
/** Packets lost in one report, and lost for each that came, that are no mere loss. */
const collapseLost = 5
const collapseShare = 0.6
/** Ms of queue, while less than half of the estimate comes out, that are no mere burst. */
const collapseQueue = 120
/** Of what came out meanwhile: less, so that the queue empties. */
const collapseFactor = 0.9
const timeoutInterval = 1000
const timeoutFactor = 0.8
/** Times the estimate at which packets leave (BWE-67). */
const pacingFactor = 2.5
/** Ms after an application limit in which it still counts (BWE-61). */
const recentLimit = 3000
/** Ms after an overuse, or in a queue so long, in which nothing is probed (BWE-62). */
const calmAfterOveruse = 500
const calmQueue = 40
/** Ms of waiting in a queue that is as good as empty: a trend lags behind it by its window. */
const emptyQueue = 10
/** Ms of queue that no probe makes by itself: the link has slowed down as well. */
const longestProbeQueue = 150

/**
 * What the way to one receiver carries, from its transport-wide feedback (GCC as libwebrtc has
 * it, `docs/clauses/bwe.md`). Counts the numbered packets alone, so without sound.
 *
 * Sans-IO. Rates in bits per second, `now` in monotonic ms. One object per viewer, about 2 KiB;
 * it keeps nothing of a digest.
 */
export class BandwidthEstimator {
  readonly #trend = new Trendline()
  readonly #detector = new OveruseDetector()
  readonly #acknowledged = new AcknowledgedRate()
  readonly #full = new FullRate()
  readonly #application = new ApplicationLimit()
  readonly #control: RateControl
  readonly #loss: LossBound
  readonly #probes: ProbeControl
  readonly #minimum: number
  #state: Usage = 'normal'
  #estimate: number
  #roundTrip: number | undefined
  #queueing = 0
  #reportedAt: number | undefined
  #sentTotal: number | undefined
  #sentSinceReport = false
  #timedOutAt = Number.NEGATIVE_INFINITY
  #overusedAt = Number.NEGATIVE_INFINITY

  constructor({ start, minimum, maximum = Number.POSITIVE_INFINITY }: EstimatorOptions) {
    this.#control = new RateControl(start, minimum, maximum)
    this.#loss = new LossBound(start, minimum)
    this.#probes = new ProbeControl(start, maximum)
    this.#minimum = minimum
    this.#estimate = start
  }

  /** Bits per second. */
  get estimate(): number {
    return this.#estimate
  }

  /** Bytes per ms at which packets may leave (BWE-67). */
  get pacing(): number {
    return (this.#estimate * pacingFactor) / 8000
  }

  /** What the delay says; a queue that a probe alone has made, or that is over, is none. */
  get state(): Usage {
    return this.#state
  }

  /** 0–1. */
  get lossFraction(): number {
    return this.#loss.fraction
  }

  /** Ms, smoothed, with the time that the receiver holds reports back (BWE-5). */
  get roundTrip(): number {
    return this.#roundTrip ?? assumedRoundTrip
  }

  /** Tell it at each report, and now and then without one. @param total numbered bytes so far */
  sentBytes(now: number, total: number): void {
    const bytes = Math.max(0, total - (this.#sentTotal ?? total))
    this.#sentTotal = total
    if (bytes > 0) this.#sentSinceReport = true
    const wasLimited = this.#application.limited
    this.#application.sent(bytes, this.#estimate, now)
    if (wasLimited && !this.#application.limited) this.#acknowledged.expectChange()
    this.#probes.sent(bytes, now)
  }

  report(digest: FeedbackDigest, now: number): void {
    if (this.#reportedAt !== undefined && now - this.#reportedAt > longestSilence) {
      this.#trend.reset()
      this.#detector.reset()
    }
    this.#reportedAt = now
    this.#sentSinceReport = false
    this.#loss.count(digest.received, digest.lost, now)
    if (digest.received > 0) this.#measure(digest)
    if (this.#collapses(digest, now)) {
      this.#combine(now)
      return
    }
    const usage = this.#judge(digest, now)
    const shown = this.#probes.report(digest, this.#estimate, now)
    if (shown === undefined || usage === 'overuse') this.#steer(usage, now)
    else this.#prove(shown, now)
    if (digest.received > 0) this.#recall(usage, now)
    this.#combine(now)
  }

  /**
   * A link that has become much narrower has a long queue at once, and loses most of what it is
   * sent as soon as that is full. Halving step by step would take a second: what still comes out
   * is what it carries.
   */
  #collapses({ received, lost, delivered, queueing = 0 }: FeedbackDigest, now: number): boolean {
    if (delivered === undefined) return false
    const carried = delivered * 8000 * collapseFactor
    const loses = lost >= collapseLost && lost >= received * collapseShare
    const disturbed = this.#probes.disturbs(now)
    const queues = queueing > collapseQueue && !disturbed
    const most = loses && !disturbed ? this.#estimate : this.#estimate / 2
    if (!(loses || queues) || carried >= most) return false
    this.#state = 'overuse'
    this.#overusedAt = now
    this.#full.forget()
    this.#probes.stop()
    this.#probes.dropped(this.#control.target, carried, now)
    this.#control.limit(carried)
    this.#loss.collapse(this.#control.target, now)
    return true
  }

  /** Time passes without reports (BWE-46, 47): a few times a second will do. */
  poll(now: number): void {
    if (this.#reportedAt === undefined) return
    const silence = this.#sentSinceReport ? now - this.#reportedAt : 0
    const late = silence >= feedbackTimeout || this.roundTrip + silence > longestRoundTrip
    if (!late || now - this.#timedOutAt < timeoutInterval) return
    this.#timedOutAt = now
    this.#probes.stop()
    this.#control.limit(this.#estimate * timeoutFactor)
    this.#combine(now)
  }

  /**
   * A probe that should be sent now. Ask after each report.
   *
   * @param wanted what the estimate is to reach for more to be sent; 0 if there is nothing more
   */
  takeProbe(now: number, wanted: number): Probe | undefined {
    if (this.#reportedAt === undefined) return undefined
    // While nothing is sent, nothing new is told: what was wrong then says nothing of now.
    const idle = now - this.#reportedAt > idleTime
    const calm =
      idle ||
      (this.#state === 'normal' &&
        now - this.#overusedAt >= calmAfterOveruse &&
        !this.#loss.limiting &&
        now - this.#timedOutAt >= timeoutInterval)
    if (!calm) this.#probes.stop()
    if (!calm || (!idle && this.#queueing >= calmQueue)) return undefined
    const { limited, endedAt } = this.#application
    return this.#probes.take(now, this.roundTrip, {
      estimate: this.#estimate,
      acknowledged: this.#acknowledged.value,
      wanted,
      applicationLimited: limited,
      recentlyLimited: now - endedAt < recentLimit,
    })
  }

  #measure(digest: FeedbackDigest): void {
    const { acknowledged, untold, received, lost, arrivedAt, roundTrip, queueing, delivered } =
      digest
    const told = Math.max(1, received + Math.max(0, lost))
    const bytes = acknowledged + (untold * received) / told
    this.#acknowledged.add(bytes, arrivedAt)
    this.#full.add({ bytes, arrivedAt, queueing, delivered })
    const before = this.#roundTrip ?? roundTrip
    this.#roundTrip = before + (roundTrip - before) * roundTripWeight
    this.#queueing = queueing ?? this.#queueing
  }

  /** @returns what the groups say, and what is to be acted on */
  #judge({ groups, groupCount }: FeedbackDigest, now: number): Usage {
    for (let i = 0; i < groupCount; i++) {
      const at = i * groupFields
      this.#trend.add(groups[at]!, groups[at + 1]!, groups[at + 2]!)
      if (this.#trend.groups < enoughGroups) continue
      this.#detector.add(this.#trend, groups[at]!, groups[at + 2]!)
    }
    const { usage } = this.#detector
    this.#state = usage
    if (usage !== 'overuse') return usage
    if (this.#probes.disturbs(now) && this.#queueing < longestProbeQueue) {
      this.#probes.overused()
      this.#state = 'normal'
    } else if (this.#queueing < emptyQueue) {
      this.#state = 'underuse'
    } else {
      this.#overusedAt = now
    }
    return this.#state
  }

  #steer(usage: Usage, now: number): void {
    const before = this.#control.target
    const smoothed = this.#acknowledged.value
    const carried = usage === 'overuse' ? this.#full.value : 0
    const input = {
      acknowledged: smoothed === undefined ? smoothed : Math.max(smoothed, carried),
      roundTrip: this.roundTrip,
      applicationLimited: this.#application.limited,
    }
    if (this.#control.update(usage, input, now)) {
      this.#probes.dropped(before, this.#control.target, now)
    }
  }

  /** A probe may lower the estimate as well, but not below what arrives anyway (BWE-36). */
  #prove(rate: number, now: number): void {
    const arriving = Math.min(this.#estimate, this.#acknowledged.value ?? 0)
    const proven = Math.max(rate, arriving, this.#minimum)
    // What few packets showed is off by a third for reasons of its own.
    if (proven < this.#control.target && proven > this.#control.target * roughly) return
    this.#control.set(proven, now)
    this.#loss.set(this.#control.target)
    this.#acknowledged.expectChange()
  }

  /**
   * What a full link let out still holds when its queue is empty again. It is why a keyframe now
   * and then, which fills the link for a moment, does not hold down what is believed of it.
   */
  #recall(usage: Usage, now: number): void {
    if (usage === 'overuse') this.#full.forget()
    // Arrivals are what a receiver says they are: no further than probes go.
    const most = recallFactor * (this.#acknowledged.value ?? 0)
    const proven = Math.min(this.#full.proven * provenShare, most)
    if (this.#queueing < emptyQueue && proven > this.#control.target) this.#prove(proven, now)
  }

  #combine(now: number): void {
    this.#loss.update(this.#control.target, this.roundTrip, now)
    this.#estimate = this.#loss.target
  }
}
