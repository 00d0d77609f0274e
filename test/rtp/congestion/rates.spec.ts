import { describe, expect, it } from 'vitest'
import { AcknowledgedRate } from '#rtp/congestion/acknowledged-rate.ts'
import { ApplicationLimit } from '#rtp/congestion/application-limit.ts'
import { FullRate } from '#rtp/congestion/full-rate.ts'

describe('the rate that arrives (BWE-22..24)', () => {
  /** Bytes every 50 ms. */
  const feed = (rate: AcknowledgedRate, bytes: number, from: number, to: number) => {
    for (let at = from; at <= to; at += 50) rate.add(bytes, at)
    return rate.value
  }

  it('is known after half a second, exactly', () => {
    const rate = new AcknowledgedRate()
    expect(feed(rate, 6250, 1000, 1450)).toBeUndefined()
    expect(feed(rate, 6250, 1500, 1500)).toBe(1_000_000)
  })

  it('follows a change within a second or two, sooner when one is expected', () => {
    const changed = (expected: boolean) => {
      const rate = new AcknowledgedRate()
      feed(rate, 6250, 1000, 5000)
      if (expected) rate.expectChange()
      feed(rate, 12_500, 5050, 5350)
      return rate
    }
    expect(changed(true).value).toBeGreaterThan(changed(false).value!)
    expect(feed(changed(false), 12_500, 5400, 8000)).toBeGreaterThan(1_900_000)
  })

  it('takes nothing from a time of silence', () => {
    const rate = new AcknowledgedRate()
    feed(rate, 6250, 1000, 3000)
    expect(feed(rate, 6250, 9000, 9200)).toBe(1_000_000)
  })
})

describe('the rate of a full link', () => {
  const report = { bytes: 5000, delivered: undefined }

  it('is what comes out while there is a queue, and is forgotten after 300 ms', () => {
    const rate = new FullRate()
    rate.add({ ...report, arrivedAt: 1000, queueing: 20 })
    expect(rate.value).toBe(0)
    rate.add({ ...report, arrivedAt: 1040, queueing: 20 })
    expect(rate.value).toBe(1_000_000)
    rate.add({ ...report, arrivedAt: 1300, queueing: 0 })
    expect(rate.value).toBe(1_000_000)
    rate.add({ ...report, arrivedAt: 1340, queueing: 0 })
    expect(rate.value).toBe(0)
  })

  it('may come from within a report', () => {
    const rate = new FullRate()
    rate.add({ bytes: 5000, arrivedAt: 1000, queueing: 20, delivered: 250 })
    expect(rate.value).toBe(2_000_000)
  })
})

describe('the limit by the application (BWE-72)', () => {
  /** Sends at this part of 1 Mbit/s, told every 50 ms. */
  const send = (limit: ApplicationLimit, part: number, from: number, to: number) => {
    for (let now = from; now <= to; now += 50) limit.sent(6250 * part, 1_000_000, now)
    return limit.limited
  }

  it('begins when little is sent, and ends when most of the rate is', () => {
    const limit = new ApplicationLimit()
    expect(send(limit, 0.8, 0, 2000)).toBe(false)
    expect(send(limit, 0.3, 2050, 6000)).toBe(true)
    expect(send(limit, 1, 6050, 7000)).toBe(false)
    expect(limit.endedAt).toBeGreaterThan(6050)
  })
})
