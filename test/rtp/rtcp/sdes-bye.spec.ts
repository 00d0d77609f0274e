import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { writeBye } from '#rtp/rtcp/bye.ts'
import { readRtcp } from '#rtp/rtcp/compound.ts'
import { writeSdes } from '#rtp/rtcp/sdes.ts'
import { hex } from '#test/support/bytes.ts'

const uint32 = fc.nat(0xffffffff)
const text = fc.string({ unit: 'grapheme-ascii', maxLength: 255 })

describe('source description (RFC 3550 §6.5)', () => {
  it.each`
    what                     | cname        | packet
    ${'fills up to 32 bits'} | ${'a'}       | ${'81ca0002 00000001 01016100'}
    ${'ends with a null'}    | ${'ab'}      | ${'81ca0003 00000001 01026162 00000000'}
    ${'can be empty'}        | ${''}        | ${'81ca0002 00000001 01000000'}
    ${'can be missing'}      | ${undefined} | ${'81ca0002 00000001 00000000'}
  `('a chunk $what', ({ cname, packet }) => {
    expect(writeSdes([{ ssrc: 1, cname }])).toEqual(hex(packet))
    expect(readRtcp(hex(packet))).toEqual([{ kind: 'sdes', chunks: [{ ssrc: 1, cname }] }])
  })

  it('skips items other than CNAME', () => {
    const packet = hex('81ca0003 00000001 0602 7878 0101 6100')
    expect(readRtcp(packet)).toEqual([{ kind: 'sdes', chunks: [{ ssrc: 1, cname: 'a' }] }])
  })

  it.each`
    fault                       | packet
    ${'a chunk that is not'}    | ${'82ca0002 00000001 01016100'}
    ${'an item past the end'}   | ${'81ca0002 00000001 01036161'}
    ${'no null behind an item'} | ${'81ca0002 00000001 01026161'}
  `('does not read $fault', ({ packet }) => {
    expect(readRtcp(hex(packet))).toMatchObject([{ kind: 'unknown', type: 202 }])
  })

  it('reads what it wrote', () => {
    const chunk = fc.record({ ssrc: uint32, cname: fc.option(text, { nil: undefined }) })
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 31 }), (chunks) => {
        expect(readRtcp(writeSdes(chunks))).toEqual([{ kind: 'sdes', chunks }])
      }),
    )
  })

  it('refuses what does not fit', () => {
    expect(() => writeSdes(Array(32).fill({ ssrc: 1, cname: 'a' }))).toThrow(RangeError)
    expect(() => writeSdes([{ ssrc: 1, cname: 'a'.repeat(256) }])).toThrow(RangeError)
  })
})

describe('goodbye (RFC 3550 §6.6)', () => {
  it('names sources and a reason', () => {
    expect(writeBye([1, 2], 'gone')).toEqual(hex('82cb0004 00000001 00000002 04676f6e65 000000'))
  })

  it('reads what it wrote', () => {
    fc.assert(
      fc.property(
        fc.array(uint32, { maxLength: 31 }),
        fc.option(text, { nil: undefined }),
        (ssrcs, reason) => {
          expect(readRtcp(writeBye(ssrcs, reason))).toEqual([{ kind: 'bye', ssrcs, reason }])
        },
      ),
    )
  })

  it.each`
    fault                     | packet
    ${'a source that is not'} | ${'82cb0001 00000001'}
    ${'a reason cut off'}     | ${'81cb0002 00000001 04676f6e'}
  `('does not read $fault', ({ packet }) => {
    expect(readRtcp(hex(packet))).toMatchObject([{ kind: 'unknown', type: 203 }])
  })

  it('refuses what does not fit', () => {
    expect(() => writeBye(Array<number>(32).fill(1))).toThrow(RangeError)
    expect(() => writeBye([1], 'a'.repeat(256))).toThrow(RangeError)
  })
})
