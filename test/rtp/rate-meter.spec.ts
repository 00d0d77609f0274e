import { describe, expect, it } from 'vitest'
import { RateMeter } from '#rtp/rate-meter.ts'

/** 1000 bytes every 10 ms: 800 kbit/s. */
function metered(from: number, to: number): RateMeter {
  const meter = new RateMeter()
  for (let now = from; now < to; now += 10) meter.add(1000, now)
  return meter
}

describe('rate meter', () => {
  it('measures a steady stream, whatever the clock says', () => {
    expect(metered(123_456, 133_456).bitsPerSecond(133_456)).toBeCloseTo(800_000, -4)
  })

  it('measures the first half second by its own length', () => {
    expect(metered(5000, 5500).bitsPerSecond(5500)).toBeCloseTo(800_000, -4)
  })

  it('does not take the first packet for a torrent', () => {
    const meter = new RateMeter()
    meter.add(1000, 7)
    expect(meter.bitsPerSecond(7)).toBe(80_000)
  })

  it('falls as packets stop, to zero within 1.1 s', () => {
    const meter = metered(0, 2000)
    expect(meter.bitsPerSecond(2500)).toBeCloseTo(400_000, -5)
    expect(meter.bitsPerSecond(3100)).toBe(0)
    expect(meter.bitsPerSecond(90_000)).toBe(0)
  })

  it('says zero before the first packet', () => {
    expect(new RateMeter().bitsPerSecond(5)).toBe(0)
  })
})
