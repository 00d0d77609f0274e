import { describe, expect, it } from 'vitest'
import { OveruseDetector, type Usage } from '#rtp/congestion/overuse-detector.ts'
import { Trendline } from '#rtp/congestion/trendline.ts'

/** A trend after so many groups that come 10 ms apart, each this many ms later than it left. */
function trendAfter(groups: number, later: number, trend = new Trendline()): Trendline {
  for (let i = 0; i < groups; i++) trend.add(10 - later, 10, 500 + 10 * i)
  return trend
}

describe('the trend of the delay (BWE-14..17)', () => {
  it.each`
    groups | slope     | modified
    ${20}  | ${0.065}  | ${5.2}
    ${25}  | ${0.0794} | ${7.94}
    ${32}  | ${0.0901} | ${11.54}
    ${36}  | ${0.0935} | ${13.47}
    ${41}  | ${0.0962} | ${15.77}
    ${60}  | ${0.0995} | ${23.88}
    ${80}  | ${0.0999} | ${23.98}
  `('is $modified ms after $groups groups, each 1 ms late (BWE-96)', (row) => {
    const trend = trendAfter(row.groups, 1)
    expect(trend.slope).toBeCloseTo(row.slope, 4)
    expect(trend.modified).toBeCloseTo(row.modified, 2)
  })

  it('is none before there are 20 groups, or when they all come at once', () => {
    expect(trendAfter(19, 1).slope).toBe(0)
    const trend = new Trendline()
    for (let i = 0; i < 30; i++) trend.add(5, 0, 500)
    expect(trend.modified).toBe(0)
  })

  it('begins anew', () => {
    const trend = trendAfter(40, 1)
    trend.reset()
    expect(trend.groups).toBe(0)
    expect(trendAfter(20, 1, trend).slope).toBeCloseTo(0.065, 4)
  })
})

/** What a detector says after each of these modified trends, 10 ms apart. */
function judge(modified: readonly number[], detector = new OveruseDetector()): Usage[] {
  return modified.map((trend, i) => {
    detector.add({ modified: trend, slope: trend / 240 }, 10, 500 + 10 * i)
    return detector.usage
  })
}

describe('the detector of overuse (BWE-18..21)', () => {
  it('wants more than 10 ms over the threshold, twice at least', () => {
    expect(judge([13, 14])).toEqual(['normal', 'overuse'])
  })

  it('wants a trend that does not fall', () => {
    expect(judge([16, 15, 14.5, 15])).toEqual(['normal', 'normal', 'normal', 'overuse'])
  })

  it('counts anew after each dip, and each overuse', () => {
    expect(judge([13, 5, 13, 14, 5])).toEqual(['normal', 'normal', 'normal', 'overuse', 'normal'])
  })

  it('tells an emptying queue', () => {
    expect(judge([-13, -5])).toEqual(['underuse', 'normal'])
  })

  it('lets the threshold follow the trend: down fast, up slowly, and never after a spike', () => {
    const detector = new OveruseDetector()
    const threshold = (...trend: number[]) => {
      judge(trend, detector)
      return detector.threshold
    }
    expect(threshold(12.5, 2.5)).toBeCloseTo(12.5 - 0.039 * 10 * 10, 6)
    detector.reset()
    const low = detector.threshold
    expect(threshold(low, low + 10)).toBeCloseTo(low + 0.0087 * 10 * 10, 6)
    detector.reset()
    const before = detector.threshold
    expect(threshold(before, before + 16)).toBe(before)
  })

  it('keeps the threshold within 6 and 600 ms', () => {
    const detector = new OveruseDetector()
    judge(Array(500).fill(0), detector)
    expect(detector.threshold).toBe(6)
    for (let i = 0; i < 5000; i++) {
      detector.add({ modified: detector.threshold + 15, slope: 1 }, 10, 9000 + 100 * i)
    }
    expect(detector.threshold).toBe(600)
  })
})
