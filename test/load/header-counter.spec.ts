import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HeaderCounts } from '#load/header-counts.ts'
import { buildRtp } from '#rtp/packet.ts'
import {
  arrivalsOf,
  audio,
  datagramOf,
  formats,
  frameTicks,
  jitterOf,
  schedule,
  truthOf,
  video,
} from './support/packet-schedule.ts'

/** Counts, and the gaps and fillings that were told of. */
function counting() {
  const counts = new HeaderCounts(formats)
  const told: string[] = []
  counts.listen({
    gap: (ssrc, before, after, now) => told.push(`${now}: gap ${ssrc} ${before}–${after}`),
    late: (ssrc, number, now) => told.push(`${now}: late ${ssrc} ${number}`),
    arrivals: (now) => told.push(`${now}: arrivals`),
  })
  const receive = (sequenceNumber: number, { at = 0, frame = 0, marker = false } = {}) => {
    const timestamp = (frame * frameTicks) >>> 0
    counts.receive(buildRtp({ ...video, sequenceNumber, timestamp, marker }, Buffer.alloc(8)), at)
  }
  const figures = (now = 0) => counts.figures(now)[0]!
  return { counts, told, receive, figures }
}

/** Frames of one packet each, `interval` ms apart. */
function steadyFrames(from: number, count: number, interval = 33) {
  return Array.from({ length: count }, (_, i) => ({ number: from + i, at: (from + i) * interval }))
}

describe('counting by headers', () => {
  it('finds what was lost, doubled and whole, whatever the order', () => {
    fc.assert(
      fc.property(schedule, (plan) => {
        const counts = new HeaderCounts(formats)
        const arrivals = arrivalsOf(plan)
        for (const [place, packet] of arrivals.entries()) {
          const isLast = place === arrivals.length - 1
          counts.receive(datagramOf(packet, place), isLast ? 1e6 : place)
        }
        expect(counts.figures(1e6)[0]).toMatchObject(truthOf(plan))
      }),
    )
  })

  it('measures jitter by its definition', () => {
    const times = fc.array(fc.double({ min: 0, max: 60, noNaN: true }), { minLength: 2 })
    fc.assert(
      fc.property(times, (delays) => {
        const { receive, figures } = counting()
        let at = 0
        const packets = delays.map((delay, frame) => {
          at += delay
          receive(frame & 0xffff, { at, frame })
          return { at, timestamp: frame * frameTicks }
        })
        expect(figures().jitter).toBeCloseTo(jitterOf(packets, 90), 6)
      }),
    )
  })

  it('tells of each gap once, and of what fills it', () => {
    const { told, receive, figures } = counting()
    for (const [number, at] of [
      [65_534, 0],
      [1, 5],
      [65_535, 7],
      [65_535, 8],
      [0, 9],
    ] as const) {
      receive(number, { at })
    }
    expect(told).toEqual(['5: gap 2000 65534–1', '7: late 2000 65535', '9: late 2000 0'])
    expect(figures()).toMatchObject({ packets: 4, lost: 0, duplicates: 1, highestSequence: 65_537 })
  })

  it('counts what RTX brings as a packet, but not as received on the stream', () => {
    const { counts, receive, figures } = counting()
    for (const number of [1, 2, 4]) receive(number, { marker: number === 4 })
    const restored = { ssrc: video.ssrc, sequenceNumber: 3, marker: false, length: 100 }
    expect(counts.restore(restored, 0)).toBe(true)
    expect(counts.restore(restored, 0)).toBe(false)
    expect(counts.restore({ ...restored, sequenceNumber: 5 }, 0)).toBe(false)
    expect(counts.restore({ ...restored, ssrc: 1 }, 0)).toBe(false)
    expect(figures()).toMatchObject({ packets: 4, lost: 0, received: 3, wholeFrames: 1 })
  })

  it('begins anew after a jump that a second packet confirms (RFC 3550 §A.1)', () => {
    const { receive, figures } = counting()
    for (const number of [10, 12, 40_000, 13, 20_000, 20_001, 20_003]) receive(number)
    // 40,000 and 20,000 alone are nothing; 11 and 20,002 are missing.
    expect(figures()).toMatchObject({ packets: 5, lost: 2, expected: 3, received: 2 })
  })

  it('leaves out what comes before the first packet or far too late', () => {
    const { receive, figures } = counting()
    receive(100)
    receive(99)
    expect(figures()).toMatchObject({ packets: 1, lost: 0 })
  })

  it('counts streams apart, and no more than eight', () => {
    const { counts } = counting()
    for (let ssrc = 1; ssrc <= 20; ssrc++) {
      counts.receive(
        buildRtp({ ...audio, ssrc, sequenceNumber: 1, timestamp: 0 }, Buffer.alloc(1)),
        0,
      )
    }
    expect(counts.figures(0).map(({ ssrc, kind }) => `${kind} ${ssrc}`)).toEqual(
      Array.from({ length: 8 }, (_, i) => `audio ${i + 1}`),
    )
  })
})

describe('freezes (webrtc-stats, freezeCount)', () => {
  it('are gaps of 150 ms more than usual', () => {
    const { receive, figures } = counting()
    for (const { number, at } of steadyFrames(0, 60)) {
      const late = number < 40 ? 0 : 140
      receive(number, { at: at + late, frame: number, marker: true })
    }
    expect(figures(59 * 33 + 140)).toMatchObject({ freezes: 0, longestFreeze: 0 })
    receive(60, { at: 60 * 33 + 140 + 200, frame: 60, marker: true })
    expect(figures(60 * 33 + 340)).toMatchObject({ freezes: 1 })
    expect(figures(60 * 33 + 340).longestFreeze).toBeCloseTo(233, 5)
  })

  it('last until now while nothing comes', () => {
    const { receive, figures } = counting()
    for (const { number, at } of steadyFrames(0, 30))
      receive(number, { at, frame: number, marker: true })
    const end = 29 * 33
    expect(figures(end + 150).freezes).toBe(0)
    expect(figures(end + 1000)).toMatchObject({ freezes: 1, longestFreeze: 1000, frozen: 1000 })
  })

  it('end with the repair, or when a repair is no longer waited for', () => {
    const { receive, figures } = counting()
    const frames = steadyFrames(0, 200).filter(({ number }) => number !== 50 && number !== 120)
    for (const { number, at } of frames) {
      if (number === 62) receive(50, { at: at - 1, frame: 50, marker: true })
      receive(number, { at, frame: number, marker: true })
    }
    // 50 came 395 ms after its time, between 61 and 62; 120 never did, and 121 told of it.
    expect(figures(199 * 33)).toMatchObject({ frames: 199, wholeFrames: 198, freezes: 2 })
    const waited = 62 * 33 - 1 - 49 * 33
    const longest = figures(199 * 33).longestFreeze
    expect(longest).toBeGreaterThanOrEqual(1000)
    expect(longest).toBeLessThan(1000 + 3 * 33)
    expect(figures(199 * 33).frozen - longest).toBeCloseTo(waited, 5)
  })
})
