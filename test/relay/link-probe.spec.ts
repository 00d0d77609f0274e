import { describe, expect, it } from 'vitest'
import { LinkProbe } from '#relay/link-probe.ts'
import type { TransportFeedback } from '#rtp/rtcp/transport-cc.ts'

const size = 1200

/** Feedback on packets that left 1 ms apart, from `first` on; `delays` in ms, undefined is lost. */
function feedback(first: number, delays: readonly (number | undefined)[]): TransportFeedback {
  const arrivals = delays.flatMap((delay, i) => {
    if (delay === undefined) return []
    return [{ sequenceNumber: first + i, arrivedAt: (5000 + first + i + delay) * 4 }]
  })
  return {
    baseSequence: first,
    statusCount: delays.length,
    referenceTime: 0,
    feedbackCount: 0,
    arrivals,
  }
}

const sent = (number: number) => ({ at: number, bytes: size })

describe('what feedback tells of a link', () => {
  it('how much longer a packet waited than the quickest one, whatever the clocks', () => {
    const probe = new LinkProbe()
    expect(probe.read(feedback(0, [30, 25, 31]), sent)).toMatchObject({ queueing: 6 })
    expect(probe.read(feedback(3, [60, 75]), sent)).toMatchObject({ queueing: 50 })
    expect(probe.read(feedback(5, [25]), sent)).toMatchObject({ queueing: 0 })
  })

  it('how fast packets come out of it', () => {
    // Each waits 1 ms longer than the one before: they come 2 ms apart.
    const delays = Array.from({ length: 11 }, (_, i) => 20 + i)
    expect(new LinkProbe().read(feedback(0, delays), sent)).toEqual({
      received: 11,
      lost: 0,
      queueing: 10,
      delivered: size / 2,
    })
  })

  it('what was lost', () => {
    const report = new LinkProbe().read(feedback(0, [20, undefined, undefined, 20]), sent)
    expect(report).toMatchObject({ received: 2, lost: 2 })
  })

  it('no rate from few packets', () => {
    const report = new LinkProbe().read(feedback(0, [20, 21, 22, 23]), sent)
    expect(report.delivered).toBeUndefined()
  })

  it('nothing but the counts of packets that are forgotten, or never left', () => {
    const report = new LinkProbe().read(feedback(0, [20, 21]), () => undefined)
    expect(report).toEqual({ received: 2, lost: 0 })
  })
})
