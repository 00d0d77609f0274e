import { describe, expect, it } from 'vitest'
import { LinkPulse, parentDeadAfter } from '#control/link-protocol/link-pulse.ts'
import { LinkPair } from './link-protocol-rig.ts'

const dead = expect.objectContaining({ kind: 'closed', cause: 'dead' })

describe('the pulse of a link', () => {
  const polls = (pulse: LinkPulse, times: readonly number[]) => times.map((now) => pulse.poll(now))

  it('beats every 100 ms of silence, and not while other things are said', () => {
    const pair = new LinkPair().open()
    for (pair.now = 50; pair.now < 1000; pair.now += 50) {
      pair.child.poll(pair.now)
      pair.parent.poll(pair.now)
      if (pair.now % 100 === 0) expect(pair.child.take()).toContain('"heartbeat"')
      pair.carry()
      pair.child.heardMedia(pair.now)
    }
    expect(pair.child.closed).toBeUndefined()
    const busy = new LinkPulse(parentDeadAfter, 0)
    busy.heard(60)
    busy.sent(60)
    expect(polls(busy, [100, 159, 160])).toEqual([undefined, undefined, 'heartbeat'])
  })

  it('is missed three times, and then the parent is dead', () => {
    const pair = new LinkPair().open()
    for (const now of [100, 200, 300, 349]) expect(pair.child.poll(now)).toBeUndefined()
    expect(pair.child.poll(350)).toEqual(dead)
    expect(pair.child.nextTimeout).toBe(Number.POSITIVE_INFINITY)
    expect(pair.child.poll(400)).toBeUndefined()
  })

  it('goes on while packets come', () => {
    const pair = new LinkPair().open()
    for (let now = 50; now <= 5000; now += 50) {
      pair.child.heardMedia(now)
      expect(pair.child.poll(now)).toBeUndefined()
    }
  })

  it.each(['poll', 'send'])('is not judged by a node that stood still itself (%s)', (first) => {
    const pulse = new LinkPulse(parentDeadAfter, 0)
    // Until 410 nothing ran here.
    if (first === 'send') pulse.sent(410)
    expect(pulse.poll(410)).not.toBe('dead')
    pulse.sent(410)
    expect(pulse.nextTimeout).toBe(510)
    expect(pulse.poll(510)).toBe('dead')
  })

  it('is judged all the same when what waited was read and nothing was there', () => {
    const pulse = new LinkPulse(parentDeadAfter, 0)
    expect(pulse.poll(1000)).toBe('heartbeat')
    pulse.sent(1000)
    expect(pulse.poll(1099)).not.toBe('dead')
    expect(pulse.poll(1100)).toBe('dead')
  })

  it.each(['child', 'parent'] as const)('alone keeps no %s waiting for a welcome', (end) => {
    const pair = new LinkPair()
    pair.carry()
    for (pair.now = 100; pair.now < 5000; pair.now += 100) {
      expect([pair.child.poll(pair.now), pair.parent.poll(pair.now)]).toEqual([
        undefined,
        undefined,
      ])
      pair.carry()
    }
    expect(pair[end].nextTimeout).toBe(5000)
    expect(pair[end].poll(5000)).toEqual(dead)
  })
})
