import { describe, expect, it } from 'vitest'
import { labelled } from '#test/support/stored-packets.ts'
import { header, LogRig, TrackRig, withoutRtx, withRtx } from './track-rig.ts'

/** A log that begins with `small` packets of 100 bytes and goes on with large ones. */
function logWith(small: number): LogRig {
  const log = new LogRig('a')
  for (let index = 1000; index < 1000 + small; index++) {
    log.store(index, 0, labelled(`a${index}`, header(index), 100))
  }
  log.storeAll(1000 + small, 1019)
  return log
}

function order(rig: TrackRig): string[] {
  rig.pump()
  return rig.take().map(({ ssrc, label }) => `${ssrc === withRtx.rtxSsrc ? 'again ' : ''}${label}`)
}

describe('the small packets that a keyframe begins with', () => {
  it('go twice before its first large one, the second time as repeats', () => {
    const rig = new TrackRig()
    rig.replay(logWith(3), 1000)
    const again = ['again a1000', 'again a1001', 'again a1002']
    expect(order(rig).slice(0, 7)).toEqual(['a1000', 'a1001', 'a1002', ...again, 'a1003'])
  })

  it('are the same bytes twice for a viewer without RTX', () => {
    const rig = new TrackRig(withoutRtx)
    rig.replay(logWith(1), 1000)
    rig.pump()
    const [first, second] = rig.take()
    expect([first?.label, second?.label, second?.out]).toEqual(['a1000', 'a1000', first?.out])
  })

  it('are eight at most', () => {
    const rig = new TrackRig()
    rig.replay(logWith(12), 1000)
    expect(order(rig).filter((label) => label.startsWith('again'))).toHaveLength(8)
  })

  it('are none where a keyframe begins with a slice', () => {
    const rig = new TrackRig()
    rig.replay(logWith(0), 1000)
    expect(order(rig)).toHaveLength(20)
  })

  it('are not those of the live end', () => {
    const rig = new TrackRig()
    const log = logWith(2)
    rig.replay(log, 1010)
    expect(order(rig)).toHaveLength(10)
  })
})
