import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readTransportSequence } from '#rtp/header-extensions.ts'
import { RtpPacket } from '#rtp/packet.ts'
import { type TransportFeedback, writeTransportCc } from '#rtp/rtcp/transport-cc.ts'
import { readTransportCc } from '#rtp/rtcp/transport-cc-reader.ts'
import { TransportFeedbackRecorder } from '#rtp/transport-feedback.ts'
import { readDump } from '#test/support/rtpdump.ts'

/** Everything that is to be sent at `now`, through the wire and back. */
function pollAll(recorder: TransportFeedbackRecorder, now: number): TransportFeedback[] {
  const feedbacks: TransportFeedback[] = []
  for (let next = recorder.poll(now); next; next = recorder.poll(now)) {
    const packet = writeTransportCc(1, 2, next)
    expect(packet.length).toBeLessThanOrEqual(1200)
    expect(readTransportCc(packet)).toEqual(next)
    feedbacks.push(next)
  }
  return feedbacks
}

/** Packets as [number, ms] that come after a first feedback is out of the way, and what is told. */
function told(...packets: readonly (readonly [number, number])[]): TransportFeedback[] {
  const recorder = new TransportFeedbackRecorder()
  for (const [sequenceNumber, now] of packets) recorder.receive(sequenceNumber, now, 100)
  return pollAll(recorder, packets.at(-1)?.[1] ?? 0)
}

const arrival = (sequenceNumber: number, ms: number) => ({ sequenceNumber, arrivedAt: ms * 4 })

describe('transport-wide feedback of a receiver', () => {
  it('tells arrivals and losses, on the reference time of the first arrival', () => {
    expect(told([100, 64_001], [102, 64_011], [103, 64_111], [104, 64_113])).toEqual([
      {
        baseSequence: 100,
        statusCount: 5,
        referenceTime: 1000,
        feedbackCount: 0,
        arrivals: [
          arrival(100, 64_001),
          arrival(102, 64_011),
          arrival(103, 64_111),
          arrival(104, 64_113),
        ],
      },
    ])
  })

  it('goes on across the wrap of the number', () => {
    expect(told([65_535, 1], [1, 2])).toMatchObject([
      { baseSequence: 65_535, statusCount: 3, arrivals: [arrival(65_535, 1), arrival(1, 2)] },
    ])
  })

  it('takes a reordered packet in its place, with a delta back in time', () => {
    expect(told([1, 10], [3, 20], [2, 30])).toMatchObject([
      { statusCount: 3, arrivals: [arrival(1, 10), arrival(2, 30), arrival(3, 20)] },
    ])
  })

  it('begins with the oldest, though the first came later', () => {
    expect(told([5, 10], [4, 11])).toMatchObject([{ baseSequence: 4, statusCount: 2 }])
  })

  it('keeps the first arrival of a packet that came twice', () => {
    expect(told([1, 10], [1, 20])).toMatchObject([{ arrivals: [arrival(1, 10)] }])
  })

  it('continues where the last feedback ended, and counts', () => {
    const recorder = new TransportFeedbackRecorder()
    recorder.receive(1, 0, 100)
    pollAll(recorder, 0)
    recorder.receive(4, 10, 100)
    expect(pollAll(recorder, 100)).toMatchObject([
      { baseSequence: 2, statusCount: 3, feedbackCount: 1, arrivals: [arrival(4, 10)] },
    ])
  })

  it('tells again what was called lost and came late', () => {
    const recorder = new TransportFeedbackRecorder()
    for (const n of [1, 3]) recorder.receive(n, 0, 100)
    pollAll(recorder, 0)
    recorder.receive(2, 50, 100)
    expect(pollAll(recorder, 100)).toMatchObject([
      { baseSequence: 2, statusCount: 2, arrivals: [arrival(2, 50), arrival(3, 0)] },
    ])
  })

  it('splits where arrivals lie over 8.19 s apart', () => {
    expect(told([1, 0], [2, 8_200], [3, 8_201])).toMatchObject([
      { baseSequence: 1, statusCount: 1, feedbackCount: 0 },
      { baseSequence: 2, statusCount: 2, feedbackCount: 1 },
    ])
  })

  it('splits after 400 arrivals, to fit a datagram', () => {
    const packets = Array.from({ length: 1000 }, (_, n) => [n, n * 65] as const)
    expect(told(...packets).map(({ arrivals }) => arrivals.length)).toEqual([400, 400, 200])
  })

  it('tells of 4096 numbers at most: those before a longer gap are gone', () => {
    expect(told([0, 0], [20_000, 1])).toMatchObject([
      { baseSequence: 20_001 - 4096, statusCount: 4096, arrivals: [arrival(20_000, 1)] },
    ])
  })

  it('ignores a packet later than 1024 numbers', () => {
    expect(told([1000, 0], [2100, 1], [1001, 2])).toMatchObject([
      { arrivals: [arrival(1000, 0), arrival(2100, 1)] },
    ])
  })

  it('wraps the reference time at 24 bits, signed', () => {
    const wrap = 2 ** 23 * 64
    expect(told([1, wrap - 1], [2, wrap + 64])).toMatchObject([
      { referenceTime: 0x7fffff, arrivals: [arrival(1, wrap - 1), arrival(2, wrap + 64)] },
    ])
    expect(told([1, wrap])).toMatchObject([
      { referenceTime: -0x800000, arrivals: [arrival(1, -wrap)] },
    ])
  })

  it('tells every arrival, whatever the order and the losses', () => {
    const packets = fc.array(
      fc.record({ ahead: fc.integer({ min: -20, max: 60 }), later: fc.nat(300) }),
      { minLength: 1, maxLength: 200 },
    )
    fc.assert(
      fc.property(
        fc.nat(0xffff),
        packets,
        fc.integer({ min: 1, max: 50 }),
        (first, steps, every) => {
          const recorder = new TransportFeedbackRecorder()
          const arrivals = new Map<number, number>()
          const reported = new Map<number, number>()
          const take = (now: number) => {
            for (const feedback of pollAll(recorder, now)) {
              for (const { sequenceNumber, arrivedAt } of feedback.arrivals) {
                reported.set(sequenceNumber, arrivedAt)
              }
            }
          }
          let newest = first
          let now = 0
          steps.forEach(({ ahead, later }, index) => {
            const sequenceNumber = (newest + ahead) & 0xffff
            now += later
            recorder.receive(sequenceNumber, now, 1200)
            if (!arrivals.has(sequenceNumber)) arrivals.set(sequenceNumber, now * 4)
            if (ahead > 0) newest += ahead
            if (index % every === 0) take(now)
          })
          take(now + 100)
          expect(reported).toEqual(arrivals)
        },
      ),
    )
  })
})

describe('times of feedback (SRTP-73)', () => {
  it.each`
    rate            | bytes   | interval
    ${'200 kbit/s'} | ${250}  | ${100}
    ${'1.6 Mbit/s'} | ${2000} | ${50}
  `('comes every $interval ms at $rate', ({ bytes, interval }) => {
    const recorder = new TransportFeedbackRecorder()
    const times: number[] = []
    for (let now = 0; now < 3000; now += 10) {
      recorder.receive(now / 10, now, bytes)
      if (recorder.nextTimeout <= now && recorder.poll(now)) times.push(now)
    }
    const steady = times.filter((time) => time >= 1000)
    expect(steady.slice(1).map((time, i) => time - steady[i]!)).toEqual(
      Array(steady.length - 1).fill(interval),
    )
    expect(steady.length).toBeGreaterThan(15)
  })

  it('is silent while nothing arrives', () => {
    const recorder = new TransportFeedbackRecorder()
    expect(recorder.nextTimeout).toBe(Number.POSITIVE_INFINITY)
    expect(recorder.poll(1000)).toBeUndefined()
    recorder.receive(1, 1000, 100)
    pollAll(recorder, 1000)
    expect(recorder.nextTimeout).toBe(Number.POSITIVE_INFINITY)
  })
})

it('tells of every packet of a recorded simulcast (IO-70)', () => {
  const recorder = new TransportFeedbackRecorder()
  const packet = new RtpPacket()
  const arrivals = new Map<number, number>()
  const reported = new Map<number, number>()
  for (const { ms, rtcp, packet: bytes } of readDump('chromium-156-vp8-simulcast')) {
    for (const feedback of pollAll(recorder, ms)) {
      for (const { sequenceNumber, arrivedAt } of feedback.arrivals) {
        reported.set(sequenceNumber, arrivedAt / 4)
      }
    }
    // Id 3 is transport-wide-cc in the recorded answer.
    if (rtcp || !packet.read(bytes, 0, bytes.length) || !packet.extensions.find(3)) continue
    const { start, end } = packet.extensions
    const sequenceNumber = readTransportSequence(bytes, start, end)!
    arrivals.set(sequenceNumber, ms)
    recorder.receive(sequenceNumber, ms, bytes.length)
  }
  expect(arrivals.size).toBe(1735)
  for (const number of reported.keys()) expect(reported.get(number)).toBe(arrivals.get(number))
  expect(arrivals.size - reported.size).toBeLessThan(30) // the last interval is not polled for
})
