import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readRtcp } from '#rtp/rtcp/compound.ts'
import { type ReportBlock, writeReceiverReport, writeSenderReport } from '#rtp/rtcp/reports.ts'
import { hex } from '#test/support/bytes.ts'

const uint32 = fc.nat(0xffffffff)
const block: fc.Arbitrary<ReportBlock> = fc.record({
  ssrc: uint32,
  fractionLost: fc.nat(255),
  cumulativeLost: fc.integer({ min: -0x800000, max: 0x7fffff }),
  highestSequence: uint32,
  jitter: uint32,
  lastSenderReport: uint32,
  delaySinceLastSenderReport: uint32,
})
const blocks = fc.array(block, { maxLength: 31 })

const example: ReportBlock = {
  ssrc: 2,
  fractionLost: 64,
  cumulativeLost: -1,
  highestSequence: 0x0001_0002,
  jitter: 90,
  lastSenderReport: 0xb7052000,
  delaySinceLastSenderReport: 0x00054000,
}

describe('sender and receiver reports (RFC 3550 §6.4)', () => {
  it('lays a receiver report out as the figure of §6.4.2 does', () => {
    expect(writeReceiverReport(1, [example])).toEqual(
      hex('81c90007 00000001 00000002 40ffffff 00010002 0000005a b7052000 00054000'),
    )
  })

  it('lays a sender report out as the figure of §6.4.1 does', () => {
    const report = {
      ssrc: 1,
      ntp: 0xb44db705_20000000n,
      rtpTimestamp: 90_000,
      packetCount: 3,
      octetCount: 2 ** 32 + 4,
      reports: [],
    }
    expect(writeSenderReport(report)).toEqual(
      hex('80c80006 00000001 b44db705 20000000 00015f90 00000003 00000004'),
    )
  })

  it('holds the total of losses at its 24 bits', () => {
    const [lost, found] = [2 ** 24, -(2 ** 24)].map((cumulativeLost) =>
      writeReceiverReport(1, [{ ...example, cumulativeLost }]).readIntBE(13, 3),
    )
    expect([lost, found]).toEqual([0x7fffff, -0x800000])
  })

  it('reads the receiver reports it wrote', () => {
    fc.assert(
      fc.property(uint32, blocks, (ssrc, reports) => {
        expect(readRtcp(writeReceiverReport(ssrc, reports))).toEqual([
          { kind: 'receiver-report', ssrc, reports },
        ])
      }),
    )
  })

  it('reads the sender reports it wrote', () => {
    const report = fc.record({
      ssrc: uint32,
      ntp: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      rtpTimestamp: uint32,
      packetCount: uint32,
      octetCount: uint32,
      reports: blocks,
    })
    fc.assert(
      fc.property(report, (fields) => {
        expect(readRtcp(writeSenderReport(fields))).toEqual([{ kind: 'sender-report', ...fields }])
      }),
    )
  })

  it('refuses a 32nd block', () => {
    expect(() => writeReceiverReport(1, Array<ReportBlock>(32).fill(example))).toThrow(RangeError)
  })
})
