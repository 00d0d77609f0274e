import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FeedbackDigest, NumberedPacket } from '#rtp/congestion/feedback-digest.ts'
import { FeedbackReader } from '#rtp/congestion/feedback-reader.ts'
import type { TransportFeedback } from '#rtp/rtcp/transport-cc.ts'

const size = 1000

type Row = readonly [number: number, delay: number | undefined]

/** Feedback on packets in order of their numbers; a number is its ms of leaving. */
function feedback(rows: readonly Row[]): TransportFeedback {
  const first = rows[0]![0]
  return {
    baseSequence: first & 0xffff,
    statusCount: rows.at(-1)![0] - first + 1,
    referenceTime: 0,
    feedbackCount: 0,
    arrivals: rows.flatMap(([number, delay]) =>
      delay === undefined
        ? []
        : [{ sequenceNumber: number & 0xffff, arrivedAt: (number + delay) * 4 }],
    ),
  }
}

const sent = (number: number): NumberedPacket => ({ at: number, bytes: size })

/** The pairs of groups as [ms sent, ms arrived, arrival]. */
function pairs({ groups, groupCount }: FeedbackDigest): number[][] {
  return Array.from({ length: groupCount }, (_, i) => [...groups.subarray(3 * i, 3 * i + 3)])
}

describe('what a report tells of packets', () => {
  it('counts what came and what did not, the newest arrival and its round trip', () => {
    const digest = new FeedbackReader().read(
      feedback([
        [10, 30],
        [11, undefined],
        [12, 34],
      ]),
      sent,
      70,
    )
    expect(digest).toMatchObject({
      received: 2,
      lost: 1,
      acknowledged: 2 * size,
      arrivedAt: 46,
      roundTrip: 58,
      queueing: 4,
      groupCount: 0,
    })
    expect(digest.probe).toBeUndefined()
    expect(digest.delivered).toBeUndefined()
  })

  it('counts each packet once, and takes back a loss that was none (BWE-4)', () => {
    const reader = new FeedbackReader()
    const first = feedback([
      [1, 30],
      [2, undefined],
      [3, undefined],
      [4, 30],
    ])
    expect(reader.read(first, sent, 50)).toMatchObject({ received: 2, lost: 2 })
    expect(reader.read(first, sent, 51)).toMatchObject({ received: 0, lost: 0, acknowledged: 0 })
    const second = feedback([
      [2, 90],
      [3, undefined],
      [4, 30],
      [5, 90],
    ])
    expect(reader.read(second, sent, 110)).toMatchObject({ received: 2, lost: -1 })
  })

  it('ignores what is not known to have left (BWE-2)', () => {
    const rows: Row[] = [
      [1, 30],
      [2, undefined],
      [3, 30],
    ]
    const digest = new FeedbackReader().read(feedback(rows), () => undefined, 50)
    expect(digest).toMatchObject({ received: 0, lost: 0, arrivedAt: 0, roundTrip: 0 })
    expect(digest.queueing).toBeUndefined()
  })

  it('looks at no more losses of a report than it remembers packets', () => {
    let asked = 0
    const lookup = (number: number) => {
      asked++
      return sent(number)
    }
    const report = { ...feedback([[1, undefined]]), statusCount: 65_535 }
    expect(new FeedbackReader().read(report, lookup, 50).lost).toBe(2048)
    expect(asked).toBe(2048)
  })

  it('remembers no number of the time before the count came around', () => {
    const reader = new FeedbackReader()
    for (let cycle = 0; cycle < 3; cycle++) {
      for (let number = 0; number < 0x10000; number += 256) {
        const report = feedback([[number, 30]])
        expect(reader.read(report, sent, number + 60)).toMatchObject({ received: 1, lost: 0 })
      }
    }
  })

  it('unwraps the reference time (BWE-2)', () => {
    const reader = new FeedbackReader()
    const before = { ...feedback([[1, 30]]), referenceTime: 0x7fffff }
    const at = (report: TransportFeedback, ticks: number, sequenceNumber: number) => ({
      ...report,
      arrivals: [{ sequenceNumber, arrivedAt: report.referenceTime * 256 + ticks }],
    })
    const first = reader.read(at(before, 0, 1), sent, 50).arrivedAt
    const after = { ...before, baseSequence: 2, referenceTime: -0x800000 }
    expect(reader.read(at(after, 40, 2), sent, 51).arrivedAt).toBe(first + 64 + 10)
  })

  it('forgets the least delay within a minute, as clocks drift', () => {
    const reader = new FeedbackReader()
    const read = (number: number, delay: number) =>
      reader.read(feedback([[number, delay]]), sent, number + 100).queueing
    expect(read(0, 30)).toBe(0)
    expect(read(15_000, 33)).toBe(3)
    expect(read(31_000, 36)).toBe(6)
    expect(read(62_000, 39)).toBe(3)
  })

  it('tells how fast packets came out of the link', () => {
    // Each waits 1 ms longer than the one before: they come 2 ms apart.
    const rows = Array.from({ length: 11 }, (_, i): Row => [i, 20 + i])
    const { delivered, queueing } = new FeedbackReader().read(feedback(rows), sent, 99)
    expect({ delivered, queueing }).toEqual({ delivered: size / 2, queueing: 10 })
  })
})

describe('groups of packets', () => {
  const read = (...rows: Row[]) => pairs(new FeedbackReader().read(feedback(rows), sent, 500))

  it('are what left within 5 ms (BWE-7), compared by their last packets (BWE-10)', () => {
    // Complete are those from 0 to 4 and from 20 to 25; the third still grows.
    const rows: Row[] = [
      [0, 30],
      [4, 30],
      [20, 30],
      [25, 31],
      [40, 30],
    ]
    expect(read(...rows)).toEqual([[21, 22, 56]])
  })

  it('take in what a burst brings (BWE-8)', () => {
    // 10 ms apart when they left, 1 ms when they came: held up and let go.
    const rows: Row[] = [
      [0, 30],
      [100, 50],
      [110, 41],
      [120, 32],
      [200, 30],
    ]
    expect(read(...rows)).toEqual([[120, 122, 152]])
  })

  it('leave out what was overtaken (BWE-9)', () => {
    const rows: Row[] = [
      [0, 30],
      [10, 90],
      [40, 30],
      [80, 30],
    ]
    // By arrival: 0, 40, 10 and 80.
    expect(read(...rows)).toEqual([[40, 40, 70]])
  })

  it('go on from report to report, and begin anew after 2 s without one (BWE-13)', () => {
    const reader = new FeedbackReader()
    const told = (number: number, now: number) =>
      pairs(reader.read(feedback([[number, 30]]), sent, now))
    expect(told(0, 40)).toEqual([])
    expect(told(20, 60)).toEqual([])
    expect(told(40, 80)).toEqual([[20, 20, 50]])
    expect(told(2100, 2140)).toEqual([])
    expect(told(2120, 2160)).toEqual([])
    expect(told(2140, 2180)).toEqual([[20, 20, 2150]])
  })

  it('begin anew when the clock of the receiver jumps (BWE-11)', () => {
    const reader = new FeedbackReader()
    const told = (number: number, delay: number) =>
      pairs(reader.read(feedback([[number, delay]]), sent, number + 40))
    told(0, 30)
    told(20, 3030)
    expect(told(40, 3030)).toEqual([])
    told(60, 3030)
    told(80, 3030)
    expect(told(100, 3030)).toEqual([[20, 20, 3110]])
  })

  it('begin anew after three that come before their forerunner (BWE-12)', () => {
    const reader = new FeedbackReader()
    const told = (number: number, delay: number) =>
      pairs(reader.read(feedback([[number, delay]]), sent, number + 2600)).length
    const delays = [2500, 2500, 0, 0, 0, 0, 0, 0, 0, 0]
    expect(delays.map((delay, i) => told(20 * i, delay))).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 1])
  })
})

describe('the tally of a probe', () => {
  it('adds up over reports, and is absent from those that do not speak of it', () => {
    const reader = new FeedbackReader()
    const probing = (cluster: number, from: number) => (number: number) => ({
      at: number,
      bytes: size + number,
      cluster: number >= from ? cluster : 0,
    })
    const first = feedback([
      [1, 30],
      [2, 30],
      [3, 31],
    ])
    expect(reader.read(first, probing(3, 2), 60).probe).toEqual({
      cluster: 3,
      packets: 2,
      bytes: 2 * size + 5,
      firstSentAt: 2,
      lastSentAt: 3,
      lastSentBytes: size + 3,
      firstArrivedAt: 32,
      lastArrivedAt: 34,
      firstArrivedBytes: size + 2,
    })
    expect(reader.read(feedback([[4, 32]]), probing(3, 2), 61).probe).toMatchObject({
      packets: 3,
      lastSentBytes: size + 4,
      lastArrivedAt: 36,
    })
    expect(reader.read(feedback([[5, 30]]), sent, 62).probe).toBeUndefined()
    expect(reader.read(feedback([[6, 30]]), probing(4, 6), 63).probe).toMatchObject({
      cluster: 4,
      packets: 1,
      bytes: size + 6,
    })
  })
})

describe('any feedback', () => {
  it('gives finite numbers, and never more than was sent', () => {
    const status = fc.record({
      gap: fc.integer({ min: 1, max: 300 }),
      ticks: fc.integer({ min: -0x8000, max: 0x7fff }),
    })
    const report = fc.record({
      baseSequence: fc.integer({ min: 0, max: 0xffff }),
      referenceTime: fc.integer({ min: -0x800000, max: 0x7fffff }),
      statuses: fc.array(status, { maxLength: 40 }),
      after: fc.integer({ min: 0, max: 4000 }),
    })
    fc.assert(
      fc.property(fc.array(report, { maxLength: 30 }), (reports) => {
        const reader = new FeedbackReader()
        const known = (number: number) =>
          number % 3 ? { at: number, bytes: size, cluster: number % 5 } : undefined
        let now = 0
        for (const { baseSequence, referenceTime, statuses, after } of reports) {
          now += after
          let number = baseSequence
          let arrivedAt = referenceTime * 256
          const arrivals = statuses.map(({ gap, ticks }) => {
            number += gap
            arrivedAt += ticks
            return { sequenceNumber: number & 0xffff, arrivedAt }
          })
          const statusCount = Math.min(0xffff, number - baseSequence + 1)
          const digest = reader.read(
            { baseSequence, statusCount, referenceTime, feedbackCount: 0, arrivals },
            known,
            now,
          )
          expect(digest.received + digest.lost).toBeGreaterThanOrEqual(0)
          expect(digest.received).toBeLessThanOrEqual(arrivals.length)
          expect(digest.queueing ?? 0).toBeGreaterThanOrEqual(0)
          expect(Number.isFinite(digest.delivered ?? 0)).toBe(true)
          expect(digest.roundTrip).toBeGreaterThanOrEqual(0)
          for (const pair of pairs(digest)) expect(pair.every(Number.isFinite)).toBe(true)
        }
      }),
    )
  })
})
