import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BitReader } from '#rtp/codecs/bit-reader.ts'
import { BitWriter, escapeRbsp } from '#test/support/bit-writer.ts'
import { hex } from '#test/support/bytes.ts'

describe('bits of a codec header', () => {
  it('reads Exp-Golomb codes of any size (H.264 §9.1)', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2 ** 32 - 2)), (values) => {
        const bytes = new BitWriter().ue(...values).rbsp()
        const reader = new BitReader(bytes, 0, bytes.length)
        expect(values.map(() => reader.ue())).toEqual(values)
        expect(reader.overrun).toBe(false)
      }),
    )
  })

  it('reads signed Exp-Golomb codes (H.264 §9.1.1)', () => {
    const bytes = new BitWriter().se(0).se(1).se(-1).se(2).rbsp()
    const reader = new BitReader(bytes, 0, bytes.length)
    expect([reader.se(), reader.se(), reader.se(), reader.se()]).toEqual([0, 1, -1, 2])
  })

  it('leaves out bytes that prevent emulation (H.264 §7.4.1)', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 0, 0, 1, 2, 3, 255)), (values) => {
        const bytes = escapeRbsp(Buffer.from(values))
        const reader = new BitReader(bytes, 0, bytes.length, true)
        expect(values.map(() => reader.bits(8))).toEqual(values)
      }),
    )
  })

  it('keeps a 3 where bytes are not escaped', () => {
    const reader = new BitReader(hex('00 00 03'), 0, 3)
    expect(reader.bits(24)).toBe(3)
  })

  it('gives zeros behind the end, and remembers', () => {
    const reader = new BitReader(hex('ff ff'), 0, 1)
    expect([reader.bits(8), reader.overrun]).toEqual([255, false])
    expect([reader.bits(3), reader.overrun]).toEqual([0, true])
  })

  it('gives up a code of more than 31 zeros', () => {
    const reader = new BitReader(hex('00 00 00 00 ff ff ff ff ff'), 0, 9)
    expect([reader.ue(), reader.overrun]).toEqual([0, true])
  })
})
