import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCaptureMark, writeCaptureMark } from '#load/capture-mark.ts'

describe('the mark in a picture', () => {
  it('tells its capture time to a microsecond', () => {
    const wall = fc.double({ min: 0, max: Date.UTC(2200), noNaN: true })
    fc.assert(
      fc.property(wall, fc.nat(20), (captured, before) => {
        const mark = writeCaptureMark(captured)
        const bytes = Buffer.concat([Buffer.alloc(before), mark, Buffer.alloc(3)])
        expect(readCaptureMark(bytes, before, before + mark.length)).toBeCloseTo(captured, 2)
      }),
    )
  })

  it('is a NAL unit of supplemental information that needs no escaping (H.264 §7.4.1)', () => {
    const mark = writeCaptureMark(1_700_000_000_000)
    expect(mark[0]! & 0x1f).toBe(6)
    expect(mark[2]).toBe(mark.length - 4)
    expect(mark.includes(Buffer.from([0, 0]))).toBe(false)
  })

  it('is not found in anything else', () => {
    const mark = writeCaptureMark(1_700_000_000_000)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(readCaptureMark(Buffer.from(bytes), 0, bytes.length)).toBeUndefined()
      }),
    )
    expect(readCaptureMark(mark, 0, mark.length - 1)).toBeUndefined()
    mark[20] = 0x61
    expect(readCaptureMark(mark, 0, mark.length)).toBeUndefined()
  })
})
