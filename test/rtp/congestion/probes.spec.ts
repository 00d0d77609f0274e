import { describe, expect, it } from 'vitest'
import type { FeedbackDigest, ProbeTally } from '#rtp/congestion/feedback-digest.ts'
import { ProbeBudget } from '#rtp/congestion/probe-budget.ts'
import { type Probe, ProbeControl, type ProbeInput } from '#rtp/congestion/probe-control.ts'
import { lastSize, nextSize, wholeLadder } from '#rtp/congestion/probe-ladder.ts'
import { measureProbe, rateBetween } from '#rtp/congestion/probe-measurement.ts'

/** Packets of 1200 bytes that leave and come in these spans, in ms. */
function tally(packets: number, sendSpan: number, arrivalSpan: number): ProbeTally {
  return {
    cluster: 1,
    packets,
    bytes: 1200 * packets,
    firstSentAt: 100,
    lastSentAt: 100 + sendSpan,
    lastSentBytes: 1200,
    firstArrivedAt: 9000,
    lastArrivedAt: 9000 + arrivalSpan,
    firstArrivedBytes: 1200,
  }
}

describe('what a probe measures (BWE-57, 58)', () => {
  it('is the smaller rate of leaving and arriving, less one packet', () => {
    expect(measureProbe(tally(11, 40, 48), 12_000)).toMatchObject({ rate: 2_000_000 })
    expect(measureProbe(tally(11, 48, 40), 12_000)).toMatchObject({
      rate: 2_000_000,
      limited: false,
    })
  })

  it('is the limit where it comes clearly slower than it left', () => {
    expect(measureProbe(tally(11, 40, 46), 12_000)?.limited).toBe(false)
    expect(measureProbe(tally(11, 40, 48), 12_000)?.limited).toBe(true)
  })

  it.each`
    reason                        | packets | sendSpan | arrivalSpan | asked
    ${'less than 80 % came'}      | ${11}   | ${40}    | ${40}       | ${17_000}
    ${'under four packets came'}  | ${3}    | ${40}    | ${40}       | ${3600}
    ${'it left at once'}          | ${11}   | ${0}     | ${40}       | ${12_000}
    ${'it came at once'}          | ${11}   | ${40}    | ${0}        | ${12_000}
    ${'it took over a second'}    | ${11}   | ${40}    | ${1001}     | ${12_000}
    ${'it came in half the time'} | ${11}   | ${40}    | ${19}       | ${12_000}
  `('is nothing when $reason', ({ packets, sendSpan, arrivalSpan, asked }) => {
    expect(measureProbe(tally(packets, sendSpan, arrivalSpan), asked)).toBeUndefined()
  })

  it('leaves out what a token bucket passed of two of them', () => {
    const shorter = measureProbe(tally(11, 40, 40), 12_000)!
    const longer = measureProbe(tally(21, 80, 120), 24_000)!
    expect(rateBetween(shorter, longer)).toBe((10 * 1200 * 8000) / 80)
  })
})

describe('the budget of probes (BWE-66)', () => {
  it('is 15 % of what else is sent in a minute', () => {
    const budget = new ProbeBudget()
    for (let now = 0; now < 60_000; now += 1000) budget.sent(100_000, now)
    expect(budget.allows(900_000, 59_999)).toBe(true)
    expect(budget.allows(900_100, 59_999)).toBe(false)
    budget.spend(500_000, 59_999)
    budget.sent(500_000, 59_999)
    expect(budget.allows(400_100, 59_999)).toBe(false)
    expect(budget.allows(160_000, 125_000)).toBe(true)
  })
})

describe('the ladder of probes (BWE-56)', () => {
  it('ends, for any goal, at its last and never beyond', () => {
    for (const goal of [1, 50_000, 180_000, 239_000, 240_000, 241_000, 3_000_000, 50_000_000]) {
      for (const start of [0, 1, 6000, 11_000, 100_000]) {
        let bytes = start
        for (let i = 0; i < 12; i++) bytes = nextSize(goal, bytes)
        expect(bytes, `${goal} from ${start}`).toBe(lastSize(goal))
      }
      expect(wholeLadder(goal)).toBeGreaterThanOrEqual(lastSize(goal))
    }
  })
})

const start = 1_000_000
const calm: ProbeInput = {
  estimate: start,
  acknowledged: undefined,
  wanted: 0,
  applicationLimited: false,
  recentlyLimited: false,
}

/** A control that hears of every probe 200 ms later; `limit` is what the link carries. */
class Prober {
  readonly control = new ProbeControl(start, 100_000_000)
  readonly probes: Probe[] = []
  estimate = start
  limit = Number.POSITIVE_INFINITY
  /** In 200 ms. */
  bytesSent = 50_000
  /** Bytes of each probe that the link passes at once. */
  bucket = 0
  now = 1000

  run(time: number, input: Partial<ProbeInput> = {}): this {
    for (const end = this.now + time; this.now < end; this.now += 200) {
      this.control.sent(this.bytesSent, this.now)
      const probe = this.control.take(this.now, 50, { ...calm, estimate: this.estimate, ...input })
      if (!probe) continue
      this.probes.push(probe)
      const sendSpan = probe.bytes / probe.pace
      const arrivalSpan = Math.max(sendSpan, (8000 * (probe.bytes - this.bucket)) / this.limit)
      const packets = probe.bytes / 1200 + 1
      const told = { ...tally(packets, sendSpan, arrivalSpan), cluster: probe.cluster }
      this.control.report(
        { probe: told } as unknown as FeedbackDigest,
        this.estimate,
        this.now + 150,
      )
      const shown = this.control.report({} as FeedbackDigest, this.estimate, this.now + 199)
      if (shown !== undefined) this.estimate = shown
    }
    return this
  }

  /** Mbit/s of all goals so far, each once. */
  get goals(): number[] {
    return [...new Set(this.probes.map(({ pace }) => Math.round(pace * 80) / 10_000))]
  }
}

describe('when to probe', () => {
  it('begins with 3 and 6 times the start (BWE-53), and no more than is of use (BWE-59)', () => {
    expect(new Prober().run(4000).goals).toEqual([3, 5])
    expect(new Prober().run(4000, { wanted: 900_000 }).goals).toEqual([1.8])
  })

  it('goes on at twice what it met while that is not enough (BWE-54)', () => {
    const prober = new Prober().run(6000, { wanted: 8_000_000 })
    expect(prober.goals).toEqual([3, 6, 12])
    expect(prober.estimate).toBeCloseTo(12_000_000, -4)
  })

  it('climbs from 5 packets and 15 ms to several buckets (BWE-56), in clusters of their own (BWE-65)', () => {
    const { probes } = new Prober().run(1000, { wanted: 1_500_000 })
    expect(probes.map(({ bytes }) => bytes)).toEqual([6000, 10_670, 18_975, 33_743, 60_000])
    expect(probes.map(({ cluster }) => cluster)).toEqual([1, 2, 3, 4, 5])
  })

  it('goes on at the rate that a short one came at, since a bucket may have passed it', () => {
    const prober = new Prober()
    prober.limit = 1_500_000
    prober.run(200, { wanted: 1_500_000 })
    expect(prober.probes).toHaveLength(1)
    expect(prober.estimate).toBe(1_000_000)
    prober.run(2000, { wanted: 1_500_000 })
    expect(prober.probes[1]!.pace).toBeCloseTo((0.95 * 1_500_000) / 8000)
    expect(prober.probes[1]!.bytes).toBeGreaterThan(10_000)
    expect(prober.estimate).toBeGreaterThan(0.9 * 1_500_000)
    expect(prober.estimate).toBeLessThan(1.05 * 1_500_000)
  })

  it('does not follow the same hint twice when it was vain', () => {
    const prober = new Prober()
    // As much as a bucket of 2.5 kB and a link of 1 Mbit/s pass.
    prober.bucket = 2_500
    prober.limit = 1_000_000
    prober.run(3000, { wanted: 3_000_000 })
    expect(prober.probes.some(({ bytes }) => bytes > 10_000)).toBe(true)
    prober.probes.length = 0
    prober.run(15_000, { wanted: 3_000_000 })
    expect(prober.probes.length).toBeGreaterThan(3)
    expect(prober.probes.every(({ bytes }) => bytes < 7000)).toBe(true)
    expect(prober.estimate).toBeLessThan(1.2 * 1_000_000)
    prober.limit = 8_000_000
    prober.run(6000, { wanted: 3_000_000 })
    expect(prober.estimate).toBeGreaterThan(3_000_000)
  })

  it('climbs on where a link was just full, and is told by a longer probe', () => {
    const prober = new Prober()
    prober.limit = 1_500_000
    prober.run(600, { wanted: 950_000 })
    expect(prober.probes.map(({ bytes }) => bytes)).toEqual([6000, 11_959, 23_835])
  })

  it('looks after 1.2 s for what is wanted, then ever more rarely, but every 3.5 s', () => {
    const prober = new Prober()
    prober.limit = 1_000_000
    prober.run(20_000, { wanted: 3_000_000 })
    expect(prober.probes.length).toBeGreaterThanOrEqual(6)
    expect(prober.probes.length).toBeLessThanOrEqual(8)
    const before = prober.now
    prober.limit = 8_000_000
    while (prober.estimate < 3_000_000) prober.run(200, { wanted: 3_000_000 })
    expect(prober.now - before).toBeLessThan(5000)
  })

  it('goes a part of the way where a whole ladder is beyond the budget', () => {
    const prober = new Prober()
    prober.estimate = 300_000
    prober.bytesSent = 7_500
    prober.run(20_000, { wanted: 11_500_000 })
    expect(Math.min(...prober.goals)).toBeLessThan(11.5)
    expect(prober.estimate).toBeGreaterThan(11_500_000)
  })

  it('is refused, and waits, when the estimate falls meanwhile', () => {
    const control = new ProbeControl(start, 100_000_000)
    const input = { ...calm, wanted: 2_000_000 }
    expect(control.take(1000, 50, input)).toBeDefined()
    control.dropped(start, 0.9 * start, 1100)
    expect(control.take(2200, 50, input)).toBeUndefined()
    expect(control.take(2301, 50, input)).toBeDefined()
  })

  it('goes around from cluster 15 to 1', () => {
    const prober = new Prober()
    prober.limit = 1_000_000
    const clusters = prober.run(70_000, { wanted: 3_000_000 }).probes.map(({ cluster }) => cluster)
    expect(clusters.slice(13, 17)).toEqual([14, 15, 1, 2])
  })

  it('waits a second for a result, and gives up then (BWE-55)', () => {
    const control = new ProbeControl(start, 100_000_000)
    const input = { ...calm, wanted: 2_000_000 }
    const probe = control.take(1000, 50, input)!
    const over = 1000 + probe.bytes / probe.pace + 1000
    expect(control.take(over - 1, 50, input)).toBeUndefined()
    expect(control.take(over, 50, input)).toBeUndefined()
    expect(control.take(over + 1200, 50, input)).toMatchObject({ cluster: 2 })
  })

  it('probes a limited application every 5 s at twice the estimate (BWE-60)', () => {
    const limited = { applicationLimited: true, acknowledged: 4_000_000 }
    const prober = new Prober().run(4000)
    prober.probes.length = 0
    prober.limit = 1_000_000
    prober.estimate = 1_000_000
    prober.run(11_000, limited)
    expect(prober.goals).toEqual([2, 1.9])
    expect(prober.probes).toHaveLength(2)
  })

  it('returns after a drop to 85 % of what was, once in 5 s (BWE-61)', () => {
    const prober = new Prober().run(4000)
    prober.probes.length = 0
    prober.control.dropped(4_000_000, 2_000_000, prober.now)
    prober.estimate = 2_000_000
    prober.run(400, { recentlyLimited: true, acknowledged: 2_000_000 })
    expect(prober.goals).toEqual([3.4])
  })
})
