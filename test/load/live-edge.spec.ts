import { describe, expect, it } from 'vitest'
import { LiveEdge } from '#load/live-edge.ts'

const clockRate = 90_000
const frame = 3000

describe('the moment a viewer is live', () => {
  it('is unknown before the first packet', () => {
    expect(new LiveEdge(clockRate).liveAt).toBeUndefined()
  })

  it('is the first packet where no replay runs, whatever the jitter', () => {
    const edge = new LiveEdge(clockRate)
    const jitter = [60, 0, 90, 30, 10]
    for (let i = 0; i < 90; i++) edge.receive(i * frame, 1000 + i * 33.3 + jitter[i % 5]!)
    expect(edge.liveAt).toBe(1060)
  })

  it('is when a replay has caught up to within 100 ms', () => {
    const edge = new LiveEdge(clockRate)
    // 60 frames (2 s) replayed at 5 ms each: 28.3 ms of lag go with every frame, 1700 in all.
    for (let i = 0; i < 60; i++) edge.receive(i * frame, 500 + i * 5)
    for (let i = 60; i < 300; i++) edge.receive(i * frame, 800 + (i - 60) * 33.33)
    expect(edge.liveAt).toBeGreaterThan(500 + 55 * 5)
    expect(edge.liveAt).toBeLessThanOrEqual(800)
  })

  it('takes timestamps round their 32 bits, and late repairs', () => {
    const edge = new LiveEdge(clockRate)
    for (let i = 0; i < 60; i++) {
      edge.receive((2 ** 32 - 30 * frame + i * frame) % 2 ** 32, i * 33.3)
      if (i === 40) edge.receive(2 ** 32 - 30 * frame, i * 33.3)
    }
    expect(edge.liveAt).toBe(0)
  })

  it('does not take the drift of clocks for a replay', () => {
    const edge = new LiveEdge(clockRate)
    // Media runs 0.2 % fast for five minutes: 600 ms of lag go by.
    for (let i = 0; i < 9000; i++) edge.receive(i * frame, i * 33.333 * 0.998)
    expect(edge.liveAt).toBe(0)
  })
})
