import { describe, expect, it } from 'vitest'
import { RetransmissionBudget } from '#native/twin/retransmission-budget.ts'
import { SourceLog } from '#native/twin/source-log.ts'
import { LogRig, TrackRig } from './track-rig.ts'

describe('what repeats may cost (SEC-46)', () => {
  it('is 512 KiB at once and then 500 bytes per ms', () => {
    const budget = new RetransmissionBudget()
    let bytes = 0
    while (budget.allows(1024, 10_000)) bytes += 1024
    expect(bytes).toBe(512 * 1024)
    expect(budget.allows(501, 10_001)).toBe(false)
    expect(budget.allows(500, 10_001)).toBe(true)
    expect(budget.allows(512 * 1024, 10_000_000)).toBe(true)
    expect(budget.allows(1, 10_000_000)).toBe(false)
  })

  it('ends one NACK: the rest of it is not even looked up', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(1000, 1001)
    let looked = 0
    const counted = new SourceLog(1, {
      start: 1000,
      end: 1002,
      locate: (index, place) => {
        looked++
        return log.packets.locate(index, place)
      },
    })
    rig.track.replay(log.asTrackSource, counted, { from: 1000, pace: 0, burst: 10_000 })
    rig.pump()
    const repeats = Array.from({ length: 1000 }, () => 0)
    rig.nack(...repeats)
    looked = 0
    rig.nack(...repeats)
    expect(looked).toBe(1)
  })
})
