import { describe, expect, it } from 'vitest'
import { type Segment, Segments } from '#native/twin/segments.ts'
import { SendRing } from '#native/twin/send-ring.ts'
import { LogRig } from './track-rig.ts'

const [a, b] = [new LogRig('a', 1).source, new LogRig('b', 2).source]
const run = (log: typeof a, firstOut: number, delta: number): Segment => ({
  log,
  firstOut,
  delta,
  template: { bytes: Buffer.alloc(12), transportCcAt: undefined },
  repeats: undefined,
  time: { delta: 0, from: 0, span: 0, squeezed: 0 },
})

describe('the runs of a track (DESIGN §6.2)', () => {
  it('are found by outgoing number', () => {
    const segments = new Segments()
    const runs = [run(a, 100, 90), run(a, 120, 100), run(b, 140, -60)]
    for (const one of runs) segments.push(one)
    expect([99, 100, 119, 120, 139, 140, 9999].map((out) => segments.find(out))).toEqual([
      undefined,
      runs[0],
      runs[0],
      runs[1],
      runs[1],
      runs[2],
      runs[2],
    ])
  })

  it('are placed by index: in the newest, or an older one of the same mapping', () => {
    const segments = new Segments()
    const runs = [run(a, 100, 90), run(a, 120, 100), run(a, 140, 100), run(a, 150, 100)]
    for (const one of runs) segments.push(one)
    expect([60, 50, 45, 40, 39, 20, 19, 10].map((index) => segments.place(index))).toEqual([
      runs[3],
      runs[3],
      runs[2],
      runs[2],
      runs[1],
      runs[1],
      undefined,
      undefined,
    ])
  })

  it('do not reach over another log', () => {
    const segments = new Segments()
    segments.push(run(a, 100, 90))
    segments.push(run(b, 120, 90))
    segments.push(run(a, 140, 90))
    expect(segments.place(20)).toBeUndefined()
    expect(new Segments().place(20)).toBeUndefined()
  })

  it('leave no trace where nothing was sent', () => {
    const segments = new Segments()
    const last = run(b, 100, 5)
    segments.push(run(a, 90, 1))
    segments.push(run(a, 100, 90))
    segments.push(last)
    expect([segments.current, segments.find(100), segments.find(99)?.delta]).toEqual([
      last,
      last,
      1,
    ])
  })

  it('are at most 32', () => {
    const segments = new Segments()
    for (let i = 0; i < 33; i++) segments.push(run(a, i * 10, i))
    expect(segments.find(9)).toBeUndefined()
    expect(segments.find(10)?.delta).toBe(1)
  })
})

describe('buffers for sending', () => {
  it('are 2048 bytes, and come round again after more than may wait in a socket', () => {
    const ring = new SendRing()
    const first = ring.take()
    expect(first).toHaveLength(2048)
    let others = 0
    while (ring.take() !== first) others++
    expect(others).toBe(1023)
  })

  it('do not overlap', () => {
    const ring = new SendRing()
    const [first, second] = [ring.take(), ring.take()]
    first.fill(1)
    second.fill(2)
    expect(first.every((byte) => byte === 1)).toBe(true)
  })
})
