import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packetizeH264 } from '#load/h264-packetizer.ts'
import { hex } from '#test/support/bytes.ts'
import { depacketizeH264 } from './support/depacketize.ts'

describe('H264 in RTP (RFC 6184)', () => {
  it('sends what fits as it is (§5.6)', () => {
    const nalUnit = Buffer.alloc(1200, 0x65)
    expect(packetizeH264([nalUnit])).toEqual([nalUnit])
  })

  it('cuts the rest into FU-A with start and end bits, reference bits kept (§5.8)', () => {
    expect(packetizeH264([hex('65 010203 040506 07')], 5)).toEqual([
      hex('7c 85 010203'),
      hex('7c 05 040506'),
      hex('7c 45 07'),
    ])
  })

  it('aggregates nothing: parameter sets go in packets of their own, as from OBS', () => {
    const nalUnits = [hex('09f0'), hex('6742c01f'), hex('68ce3c80'), hex('6588')]
    expect(packetizeH264(nalUnits)).toEqual(nalUnits)
  })

  // No zeros: annex B, which werift answers in, would need emulation prevention.
  const body = fc.uint8Array({ min: 1, minLength: 1, maxLength: 400 })
  const nalUnit = fc
    .tuple(fc.constantFrom(0x65, 0x41, 0x01, 0x67, 0x68, 0x06, 0x09), body)
    .map(([header, bytes]) => Buffer.from([header, ...bytes]))

  it('is undone by another depacketizer, and keeps to the size', () => {
    const sizes = fc.integer({ min: 3, max: 200 })
    fc.assert(
      fc.property(fc.array(nalUnit, { minLength: 1, maxLength: 6 }), sizes, (nalUnits, size) => {
        const payloads = packetizeH264(nalUnits, size)
        expect(payloads.every(({ length }) => length <= size)).toBe(true)
        expect(depacketizeH264(payloads)).toEqual(nalUnits)
      }),
    )
  })
})
