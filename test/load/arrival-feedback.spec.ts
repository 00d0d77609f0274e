import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ArrivalFeedback } from '#load/arrival-feedback.ts'
import type { TransportArrival } from '#load/packet-counts.ts'
import { readRtcp } from '#rtp/rtcp/compound.ts'
import { type TransportFeedback, writeTransportCc } from '#rtp/rtcp/transport-cc.ts'
import { readTransportCc } from '#rtp/rtcp/transport-cc-reader.ts'
import { TransportFeedbackRecorder } from '#rtp/transport-feedback.ts'

/** Numbers from `first` on with gaps, each some ms after the one before. */
const arrivals = fc
  .record({
    first: fc.integer({ min: 0, max: 0xffff }),
    steps: fc.array(
      fc.record({
        gap: fc.oneof({ weight: 6, arbitrary: fc.constant(1) }, fc.integer({ min: 1, max: 60 })),
        after: fc.oneof(
          { weight: 6, arbitrary: fc.double({ min: 0, max: 5, noNaN: true }) },
          fc.double({ min: 0, max: 20_000, noNaN: true }),
        ),
      }),
      { minLength: 1, maxLength: 600 },
    ),
  })
  .map(({ first, steps }) => {
    let number = first
    let at = 1000
    return steps.map(({ gap, after }): TransportArrival => {
      number += gap
      at += after
      return { sequenceNumber: number & 0xffff, at }
    })
  })

describe('transport-wide feedback from arrivals', () => {
  it('is that of the recorder, which remembers 4096 of them', () => {
    fc.assert(
      fc.property(arrivals, (all) => {
        const recorder = new TransportFeedbackRecorder()
        const expected: TransportFeedback[] = []
        for (const { sequenceNumber, at } of all) recorder.receive(sequenceNumber, at, 1000)
        const end = all.at(-1)!.at + 1000
        for (let told = recorder.poll(end); told; told = recorder.poll(end)) expected.push(told)
        expect(new ArrivalFeedback().report(all)).toEqual(expected)
      }),
    )
  })

  it('can be written, and says all of it, in whatever order they came', () => {
    fc.assert(
      fc.property(arrivals, fc.infiniteStream(fc.nat()), (all, random) => {
        const mixed = all
          .map((arrival) => ({ arrival, place: random.next().value as number }))
          .sort((one, other) => one.place - other.place)
          .map(({ arrival }) => arrival)
        // The first is where numbers begin: what came before it is from before the session.
        const told = new ArrivalFeedback().report([all[0]!, ...mixed])
        const read = told.flatMap((feedback) => {
          const [packet] = readRtcp(writeTransportCc(1, 2, feedback))
          return packet?.kind === 'transport-cc' ? readTransportCc(packet.packet)!.arrivals : []
        })
        expect(read.map(({ sequenceNumber }) => sequenceNumber)).toEqual(
          all.map(({ sequenceNumber }) => sequenceNumber),
        )
      }),
    )
  })

  it('goes on where it ended, and tells again from what came late', () => {
    const feedback = new ArrivalFeedback()
    const at = 64
    const bases = (numbers: readonly number[]) =>
      feedback
        .report(numbers.map((sequenceNumber) => ({ sequenceNumber, at })))
        .map(({ baseSequence, statusCount, feedbackCount }) => {
          return { baseSequence, statusCount, feedbackCount }
        })
    expect(bases([65_534, 65_535])).toEqual([
      { baseSequence: 65_534, statusCount: 2, feedbackCount: 0 },
    ])
    expect(bases([2])).toEqual([{ baseSequence: 0, statusCount: 3, feedbackCount: 1 }])
    expect(bases([1, 3])).toEqual([{ baseSequence: 1, statusCount: 3, feedbackCount: 2 }])
    expect(bases([])).toEqual([])
  })
})
