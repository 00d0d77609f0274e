import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readRtcp } from '#rtp/rtcp/compound.ts'
import { writeFir, writePli } from '#rtp/rtcp/keyframe-request.ts'
import { writeRemb } from '#rtp/rtcp/remb.ts'
import { hex } from '#test/support/bytes.ts'

const uint32 = fc.nat(0xffffffff)

describe('picture loss indication (RFC 4585 §6.3.1)', () => {
  it('has no parameters', () => {
    const packet = hex('81ce0002 00000001 00000002') // SRTP-55
    expect(writePli(1, 2)).toEqual(packet)
    expect(readRtcp(packet)).toEqual([{ kind: 'pli', sender: 1, media: 2 }])
  })
})

describe('full intra request (RFC 5104 §4.3.1)', () => {
  it('names the source in its entry', () => {
    const packet = hex('84ce0004 00000001 00000000 00000002 05000000') // SRTP-56
    const requests = [{ ssrc: 2, commandNumber: 5 }]
    expect(writeFir(1, requests)).toEqual(packet)
    expect(readRtcp(packet)).toEqual([{ kind: 'fir', sender: 1, requests }])
  })

  it('reads what it wrote', () => {
    const entry = fc.record({ ssrc: uint32, commandNumber: fc.nat(255) })
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 8 }), (requests) => {
        expect(readRtcp(writeFir(1, requests))).toEqual([{ kind: 'fir', sender: 1, requests }])
      }),
    )
  })
})

describe('receiver estimated maximum bitrate (draft-alvestrand-rmcat-remb-03)', () => {
  it.each`
    source              | packet                                                              | sender        | bitrate      | ssrcs
    ${'SRTP-59'}        | ${'8fce0005 00000001 00000000 52454d42 0112625a 00000002'}          | ${1}          | ${2_500_000} | ${[2]}
    ${'mediasoup test'} | ${'8fce0006 fa17fa17 00000000 52454d42 0201df82 02d03702 04a76747'} | ${0xfa17fa17} | ${122_754}   | ${[0x02d03702, 0x04a76747]}
  `('reads and writes the vector of $source', ({ packet, sender, bitrate, ssrcs }) => {
    expect(writeRemb(sender, bitrate, ssrcs)).toEqual(hex(packet))
    expect(readRtcp(hex(packet))).toEqual([{ kind: 'remb', sender, bitrate, ssrcs }])
  })

  it.each`
    fault                              | packet
    ${'a length of one source more'}   | ${'8fce0006 00000001 00000000 52454d42 0112625a 00000002 00000003'}
    ${'a length of one source less'}   | ${'8fce0004 00000001 00000000 52454d42 0112625a'}
    ${'a rate over 64 bits (SRTP-60)'} | ${'8fce0005 00000001 00000000 52454d42 01fe0000 00000002'}
    ${'another application'}           | ${'8fce0005 00000001 00000000 52454d43 0112625a 00000002'}
  `('does not read $fault', ({ packet }) => {
    expect(readRtcp(hex(packet))).toMatchObject([{ kind: 'unknown', type: 206 }])
  })

  it('loses at most the 18th significant bit', () => {
    fc.assert(
      fc.property(fc.nat(1e12), fc.array(uint32, { maxLength: 4 }), (bitrate, ssrcs) => {
        const [packet] = readRtcp(writeRemb(1, bitrate, ssrcs))
        expect(packet).toMatchObject({ kind: 'remb', sender: 1, ssrcs })
        const read = packet?.kind === 'remb' ? packet.bitrate : Number.NaN
        expect(read).toBeLessThanOrEqual(bitrate)
        expect(bitrate - read).toBeLessThanOrEqual(bitrate / 2 ** 17)
      }),
    )
  })
})
