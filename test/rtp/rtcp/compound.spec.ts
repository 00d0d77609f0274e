import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compound, type RtcpPacket, readRtcp } from '#rtp/rtcp/compound.ts'
import { writePli } from '#rtp/rtcp/keyframe-request.ts'
import { writeNack } from '#rtp/rtcp/nack.ts'
import { writeReceiverReport } from '#rtp/rtcp/reports.ts'
import { hex } from '#test/support/bytes.ts'
import { readDump, recordings } from '#test/support/rtpdump.ts'

const pli = hex('81ce0002 00000001 00000002')

describe('compound RTCP (RFC 3550 §6.1, RFC 5506)', () => {
  it('reads each packet in turn', () => {
    const datagram = compound(writeReceiverReport(1, []), writePli(1, 2), writeNack(1, 2, [3]))
    expect(readRtcp(datagram)).toEqual([
      { kind: 'receiver-report', ssrc: 1, reports: [] },
      { kind: 'pli', sender: 1, media: 2 },
      { kind: 'nack', sender: 1, media: 2, lost: [3] },
    ])
  })

  it.each`
    fault                           | rest
    ${'another version'}            | ${'41ce0002 00000001 00000002'}
    ${'a length past the end'}      | ${'81ceffff 00000001 00000002'}
    ${'a header cut off'}           | ${'81ce00'}
    ${'padding of none'}            | ${'a1ce0002 00000001 00000000'}
    ${'padding past its own start'} | ${'a1ce0002 00000001 00000009'}
  `('drops the rest from a packet with $fault on', ({ rest }) => {
    expect(readRtcp(Buffer.concat([pli, hex(rest), pli]))).toHaveLength(1)
  })

  it('goes on behind a packet that it cannot read', () => {
    const unreadable = hex('83c80001 00000001') // a sender report with 3 blocks, and no room for one
    expect(readRtcp(Buffer.concat([unreadable, pli]))).toEqual([
      { kind: 'unknown', type: 200, count: 3 },
      { kind: 'pli', sender: 1, media: 2 },
    ])
  })

  it.each`
    what                      | packet                          | expected
    ${'APP (RFC 3550 §6.7)'}  | ${'80cc0002 00000001 74657374'} | ${{ kind: 'app', ssrc: 1 }}
    ${'XR (RFC 3611)'}        | ${'80cf0001 00000001'}          | ${{ kind: 'xr', ssrc: 1 }}
    ${'an APP of nothing'}    | ${'80cc0000'}                   | ${{ kind: 'unknown', type: 204, count: 0 }}
    ${'a type of the future'} | ${'80d00001 00000001'}          | ${{ kind: 'unknown', type: 208, count: 0 }}
    ${'RTPFB of format 31'}   | ${'9fcd0002 00000001 00000002'} | ${{ kind: 'unknown', type: 205, count: 31 }}
    ${'PSFB of format 3'}     | ${'83ce0002 00000001 00000002'} | ${{ kind: 'unknown', type: 206, count: 3 }}
  `('passes over $what', ({ packet, expected }) => {
    expect(readRtcp(hex(packet))).toEqual([expected])
  })

  it('reads 32 packets at most', () => {
    expect(readRtcp(Buffer.concat(Array<Buffer>(100).fill(pli)))).toHaveLength(32)
  })

  it('takes any bytes without a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        readRtcp(Buffer.from(bytes))
      }),
      { numRuns: 1000 },
    )
  })

  it('takes any body under a true header without a throw', () => {
    const packet = fc
      .record({
        flags: fc.constantFrom(0x80, 0xa0),
        count: fc.nat(31),
        type: fc.integer({ min: 200, max: 207 }),
        words: fc.nat(12),
        bytes: fc.uint8Array({ minLength: 48, maxLength: 48 }),
      })
      .map(({ flags, count, type, words, bytes }) =>
        Buffer.concat([Buffer.from([flags | count, type, 0, words]), bytes.subarray(0, 4 * words)]),
      )
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 4 }), (packets) => {
        expect(readRtcp(Buffer.concat(packets)).length).toBeLessThanOrEqual(packets.length)
      }),
      { numRuns: 2000 },
    )
  })
})

const shortName: Partial<Record<RtcpPacket['kind'], string>> = {
  'sender-report': 'SR',
  'receiver-report': 'RR',
  sdes: 'SDES',
  bye: 'BYE',
}

describe.each(recordings)('RTCP of $name', ({ name, rtcpShapes, streams }) => {
  const compounds = [...readDump(name)]
    .filter(({ rtcp }) => rtcp)
    .map(({ packet }) => readRtcp(packet))

  it('has the recorded shapes', () => {
    const shapes: Record<string, number> = {}
    for (const packets of compounds) {
      const shape = packets.map(({ kind }) => shortName[kind] ?? kind).join('+')
      shapes[shape] = (shapes[shape] ?? 0) + 1
    }
    expect(shapes).toEqual(rtcpShapes)
  })

  it('tells the recorded sender reports and canonical names', () => {
    for (const { ssrc, senderReports, cname } of streams) {
      const packets = compounds.flat()
      const reports = packets.filter((p) => p.kind === 'sender-report' && p.ssrc === ssrc)
      expect(reports).toHaveLength(senderReports)
      const names = packets.flatMap((p) => (p.kind === 'sdes' ? p.chunks : []))
      for (const chunk of names) if (chunk.ssrc === ssrc) expect(chunk.cname).toBe(cname ?? '')
    }
  })
})
