import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RtcpHeader, RunLengthChunk, TransportWideCC } from 'werift'
import { readRtcp } from '#rtp/rtcp/compound.ts'
import { type TransportFeedback, writeTransportCc } from '#rtp/rtcp/transport-cc.ts'
import { readTransportCc } from '#rtp/rtcp/transport-cc-reader.ts'
import { hex } from '#test/support/bytes.ts'

function readFeedback(packet: Buffer): TransportFeedback | undefined {
  const [read] = readRtcp(packet)
  return read?.kind === 'transport-cc' ? readTransportCc(read.packet) : undefined
}

/** Any feedback whose deltas fit: steps are [numbers ahead, ticks later]. */
const anyFeedback = fc
  .record({
    baseSequence: fc.nat(0xffff),
    referenceTime: fc.integer({ min: -0x800000, max: 0x7fffff }),
    feedbackCount: fc.nat(255),
    firstDelta: fc.nat(255),
    lostAtEnd: fc.nat(40),
    steps: fc.array(
      fc.tuple(
        fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 30 }), fc.constant(9000)),
        fc.oneof(
          fc.nat(255),
          fc.constantFrom(0, 255, 256, -1),
          fc.integer({ min: -0x8000, max: 0x7fff }),
        ),
      ),
      { maxLength: 60 },
    ),
  })
  .map(({ firstDelta, lostAtEnd, steps, ...fixed }): TransportFeedback => {
    let index = 0
    let arrivedAt = fixed.referenceTime * 256 + firstDelta
    const arrivals = [{ sequenceNumber: fixed.baseSequence, arrivedAt }]
    for (const [ahead, later] of steps) {
      if (index + ahead + lostAtEnd >= 0xffff) break
      index += ahead
      arrivedAt += later
      arrivals.push({ sequenceNumber: (fixed.baseSequence + index) & 0xffff, arrivedAt })
    }
    return { ...fixed, statusCount: index + 1 + lostAtEnd, arrivals }
  })

describe('transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1)', () => {
  it('reads a vector chunk, a large delta and padding (SRTP-71)', () => {
    const packet = hex('afcd0006 00000001 00000002 0064 0005 0003e8 07 d190 04 28 0190 08 01')
    expect(readRtcp(packet)).toEqual([{ kind: 'transport-cc', sender: 1, media: 2, packet }])
    expect(readTransportCc(packet)).toEqual({
      baseSequence: 100,
      statusCount: 5,
      referenceTime: 1000,
      feedbackCount: 7,
      arrivals: [
        { sequenceNumber: 100, arrivedAt: 64_001 * 4 },
        { sequenceNumber: 102, arrivedAt: 64_011 * 4 },
        { sequenceNumber: 103, arrivedAt: 64_111 * 4 },
        { sequenceNumber: 104, arrivedAt: 64_113 * 4 },
      ],
    })
  })

  // SRTP-72, from the tests of mediasoup.
  it.each`
    packet                                                                | fixed                 | statuses | arrivals
    ${'8fcd0007fa17fa1709faff670027000d5fc2f103bf8e100000000000001c0400'} | ${[39, 6_275_825, 3]} | ${13}    | ${[[39, 16], [40, 16], [41, 16], [42, 16], [43, 16], [44, 16], [45, 16], [49, 44], [50, 48], [51, 48]]}
    ${'8fcd0004fa17fa1709faff6700270000fffffe01'}                         | ${[39, -2, 1]}        | ${0}     | ${[]}
    ${'8fcd0005fa17fa1739e9423800010002bd57aa0020028c44'}                 | ${[1, -4_368_470, 0]} | ${2}     | ${[[1, 140], [2, 208]]}
  `('reads $packet', ({ packet, fixed, statuses, arrivals }) => {
    const [baseSequence, referenceTime, feedbackCount] = fixed as [number, number, number]
    expect(readFeedback(hex(packet))).toEqual({
      baseSequence,
      referenceTime,
      feedbackCount,
      statusCount: statuses,
      arrivals: (arrivals as [number, number][]).map(([sequenceNumber, ticks]) => ({
        sequenceNumber,
        arrivedAt: referenceTime * 256 + ticks,
      })),
    })
  })

  it.each`
    fault                              | packet
    ${'a reserved symbol in a run'}    | ${'8fcd0005 00000001 00000002 0001 0001 000000 00 6001 0000'}
    ${'a reserved symbol in a vector'} | ${'8fcd0005 00000001 00000002 0001 0001 000000 00 f000 0000'}
    ${'a delta too few'}               | ${'8fcd0005 00000001 00000002 0001 0003 000000 00 2003 0000'}
    ${'four bytes too many'}           | ${'8fcd0006 00000001 00000002 0001 0001 000000 00 2001 0400 00000000'}
    ${'a tail of data'}                | ${'8fcd0005 00000001 00000002 0001 0001 000000 00 2001 0401'}
    ${'data before its padding'}       | ${'afcd0006 00000001 00000002 0001 0001 000000 00 2001 0400 00000004'}
    ${'no chunk for its statuses'}     | ${'8fcd0004 00000001 00000002 0001 0001 000000 00'}
    ${'a run of more than there is'}   | ${'8fcd0005 00000001 00000002 0001 ffff 000000 00 3fff 3fff'}
    ${'nothing behind the sources'}    | ${'8fcd0002 00000001 00000002'}
    ${'a length of more than it has'}  | ${'8fcd0006 00000001 00000002 0001 0001 000000 00 2001 0400'}
    ${'a length of less than it has'}  | ${'8fcd0004 00000001 00000002 0001 0001 000000 00 2001 0400'}
    ${'padding of nothing'}            | ${'afcd0005 00000001 00000002 0001 0001 000000 00 2001 0400'}
    ${'padding of more than it has'}   | ${'afcd0005 00000001 00000002 0001 0001 000000 00 2001 04ff'}
    ${'another format'}                | ${'8ecd0005 00000001 00000002 0001 0001 000000 00 2001 0400'}
    ${'another type'}                  | ${'8fce0005 00000001 00000002 0001 0001 000000 00 2001 0400'}
    ${'another version'}               | ${'4fcd0005 00000001 00000002 0001 0001 000000 00 2001 0400'}
    ${'half a header'}                 | ${'8fcd'}
  `('does not read $fault (SRTP-66, 68, 69)', ({ packet }) => {
    expect(readTransportCc(hex(packet))).toBeUndefined()
  })

  it('is kept whole among others, padding and all, unless it is too short to be any', () => {
    const whole = 'afcd0006 00000001 00000002 0064 0005 0003e8 07 d190 04 28 0190 08 01'
    const report = '80c90001 00000003'
    expect(readRtcp(hex(`${report} ${whole} ${report}`))[1]).toEqual({
      kind: 'transport-cc',
      sender: 1,
      media: 2,
      packet: hex(whole),
    })
    expect(readRtcp(hex('8fcd0002 00000001 00000002'))).toMatchObject([{ kind: 'unknown' }])
  })

  it('ignores what a chunk says beyond the status count (SRTP-67)', () => {
    const packet = hex('8fcd0005 00000001 00000002 0001 0001 000000 00 bfff 0400')
    expect(readFeedback(packet)?.arrivals).toEqual([{ sequenceNumber: 1, arrivedAt: 4 }])
  })

  it('lists no losses, so that 65,535 of them cost nothing', () => {
    const fixed = '8fcd0009 00000001 00000002 0001 ffff 000000 00'
    expect(readFeedback(hex(`${fixed} ${'1fff'.repeat(9)} 0000`))).toMatchObject({
      statusCount: 65_535,
      arrivals: [],
    })
  })

  it('reads what it wrote', () => {
    fc.assert(
      fc.property(anyFeedback, (feedback) => {
        expect(readTransportCc(writeTransportCc(1, 2, feedback))).toEqual(feedback)
      }),
    )
  })

  it('is read alike by werift', () => {
    fc.assert(
      fc.property(anyFeedback, (feedback) => {
        const packet = writeTransportCc(1, 2, feedback)
        const header = RtcpHeader.deSerialize(packet.subarray(0, 4))
        const theirs = TransportWideCC.deSerialize(packet.subarray(4), header)
        // Its own packetResults leave vector chunks out, so the symbols are laid out here.
        const symbols = theirs.packetChunks.flatMap((chunk) =>
          chunk instanceof RunLengthChunk
            ? Array<number>(chunk.runLength).fill(chunk.packetStatus)
            : chunk.symbolList,
        )
        const numbers = symbols
          .map((symbol, index) => ({ symbol, number: (feedback.baseSequence + index) & 0xffff }))
          .filter(({ symbol }) => symbol !== 0)
          .map(({ number }) => number)
        expect(numbers).toEqual(feedback.arrivals.map(({ sequenceNumber }) => sequenceNumber))

        let arrivedAt = feedback.referenceTime * 256
        const times = theirs.recvDeltas.map(({ delta }) => (arrivedAt += delta / 250))
        expect(times).toEqual(feedback.arrivals.map((arrival) => arrival.arrivedAt))
        expect(theirs).toMatchObject({
          baseSequenceNumber: feedback.baseSequence,
          packetStatusCount: feedback.statusCount,
          referenceTime: feedback.referenceTime & 0xffffff,
          fbPktCount: feedback.feedbackCount,
        })
      }),
    )
  })

  it.each`
    fault                        | arrivals
    ${'a delta over 8.19 s'}     | ${[{ sequenceNumber: 1, arrivedAt: 0x8000 }]}
    ${'an arrival out of order'} | ${[{ sequenceNumber: 2, arrivedAt: 1 }, { sequenceNumber: 1, arrivedAt: 2 }]}
    ${'an arrival not counted'}  | ${[{ sequenceNumber: 4, arrivedAt: 1 }]}
  `('refuses to write $fault', ({ arrivals }) => {
    const feedback = {
      baseSequence: 1,
      statusCount: 3,
      referenceTime: 0,
      feedbackCount: 0,
      arrivals,
    }
    expect(() => writeTransportCc(1, 2, feedback)).toThrow(RangeError)
  })
})
