import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readRtcp } from '#rtp/rtcp/compound.ts'
import { writeNack } from '#rtp/rtcp/nack.ts'
import { hex } from '#test/support/bytes.ts'

describe('generic NACK (RFC 4585 §6.2.1)', () => {
  it.each`
    lost                        | packet
    ${[1000, 1001, 1003, 1016]} | ${'81cd0003 00000001 00000002 03e8 8005' /* SRTP-52 */}
    ${[1000, 1017]}             | ${'81cd0004 00000001 00000002 03e8 0000 03f9 0000'}
    ${[65535, 0]}               | ${'81cd0003 00000001 00000002 ffff 0001'}
  `('names $lost', ({ lost, packet }) => {
    expect(writeNack(1, 2, lost)).toEqual(hex(packet))
    expect(readRtcp(hex(packet))).toEqual([{ kind: 'nack', sender: 1, media: 2, lost }])
  })

  it('reads what it wrote, whatever the first number', () => {
    const ascending = fc
      .tuple(fc.nat(0xffff), fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 200 }))
      .map(([first, steps]) => {
        const lost = [first]
        for (const step of steps) lost.push((lost.at(-1)! + step) & 0xffff)
        return lost
      })
    fc.assert(
      fc.property(ascending, (lost) => {
        expect(readRtcp(writeNack(1, 2, lost))).toEqual([
          { kind: 'nack', sender: 1, media: 2, lost },
        ])
      }),
    )
  })

  it('names a number once that was given twice', () => {
    expect(writeNack(1, 2, [7, 7])).toEqual(writeNack(1, 2, [7]))
  })

  it('reads 1024 numbers at most', () => {
    const entry = hex('0000 ffff')
    const packet = Buffer.concat([hex('81cd 0066 00000001 00000002'), ...Array(100).fill(entry)])
    expect(readRtcp(packet)).toMatchObject([{ lost: { length: 1024 } }])
  })

  it('does not read one without any number', () => {
    expect(readRtcp(hex('81cd0002 00000001 00000002'))).toMatchObject([{ kind: 'unknown' }])
  })
})
