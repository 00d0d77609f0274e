import { describe, expect, it } from 'vitest'
import { Publication } from '#relay/publication.ts'
import { Stream } from '#relay/stream.ts'
import { Streams } from '#relay/streams.ts'
import { SimulatedClock } from '#test/support/simulated-time.ts'
import { CountingObserver } from './counting-observer.ts'
import { browser, recordedFormat } from './publication-rig.ts'
import { ViewerRig } from './viewer-rig.ts'

const name = { tenant: 'default', stream: 'demo' }
const format = recordedFormat('chromium-156-vp8', 96)

/** A stream with one viewer, and publications as they are called for. */
class StreamRig {
  readonly clock = new SimulatedClock(1000)
  readonly stream = new Stream(name, this.clock.now(), this.clock.wall())
  readonly viewer = new ViewerRig()

  publish(): Publication {
    const publication = new Publication(7, format, browser, {
      plane: this.viewer.plane,
      clock: this.clock,
      observer: new CountingObserver(),
      listener: { keyframe: () => {}, offered: () => {}, alive: () => {} },
    })
    this.stream.publish(publication, this.clock.now(), this.clock.wall())
    return publication
  }

  unpublish(publication: Publication): void {
    this.stream.unpublish(publication, this.clock.now(), this.clock.wall())
  }

  get followed(): unknown[] {
    return this.viewer.plane.commands.flatMap((one) =>
      one.kind === 'follow' ? [one.source.log] : [],
    )
  }
}

describe('a stream', () => {
  it('is nobody’s before its first publication', () => {
    const { stream, clock } = new StreamRig()
    expect([stream.epoch, stream.publication, stream.inactiveSince]).toEqual([0, undefined, 1000])
    expect(stream.since).toBe(clock.wall())
  })

  it('counts its publications: each is an epoch', () => {
    const rig = new StreamRig()
    const first = rig.publish()
    expect([rig.stream.epoch, rig.stream.inactiveSince]).toEqual([1, undefined])
    rig.clock.time = 5000
    rig.unpublish(first)
    expect([rig.stream.epoch, rig.stream.inactiveSince]).toEqual([1, 5000])
    expect(rig.stream.since).toBe(rig.clock.wall())
    rig.publish()
    expect(rig.stream.epoch).toBe(2)
  })

  it('shows its publication to whoever joins, and each later one to whoever stayed', () => {
    const rig = new StreamRig()
    const first = rig.publish()
    rig.stream.join(rig.viewer.viewer, 1000)
    expect(rig.followed).toEqual([first.layers.audio?.logId])
    rig.unpublish(first)
    expect(rig.stream.viewers.size).toBe(1)
    const second = rig.publish()
    expect(rig.followed).toEqual([first.layers.audio?.logId, second.layers.audio?.logId])
    expect(rig.stream.joins.summary().count).toBe(1)
  })

  it('takes viewers while nobody publishes', () => {
    const rig = new StreamRig()
    rig.stream.join(rig.viewer.viewer, 1000)
    expect(rig.followed).toEqual([])
    const publication = rig.publish()
    expect(rig.followed).toEqual([publication.layers.audio?.logId])
  })

  it('tells its publication whether anybody watches', () => {
    const rig = new StreamRig()
    const first = rig.publish()
    expect(first.hasViewers).toBe(false)
    rig.stream.join(rig.viewer.viewer, 1000)
    expect(first.hasViewers).toBe(true)
    rig.stream.leave(rig.viewer.viewer)
    rig.stream.leave(rig.viewer.viewer)
    expect(first.hasViewers).toBe(false)
    rig.stream.join(rig.viewer.viewer, 1000)
    expect(rig.publish().hasViewers).toBe(true)
  })

  it('closes a publication that another has replaced, and keeps the other', () => {
    const rig = new StreamRig()
    const [first, second] = [rig.publish(), rig.publish()]
    rig.unpublish(first)
    expect(rig.stream.publication).toBe(second)
    const closed = rig.viewer.plane.commands.filter(({ kind }) => kind === 'closeLog')
    expect(closed).toEqual(first.layers.all.map(({ logId }) => ({ kind: 'closeLog', log: logId })))
  })
})

describe('the streams of a node', () => {
  it('are one per name and tenant', () => {
    const streams = new Streams()
    const demo = streams.open(name, 0, 0)
    expect(streams.open(name, 5, 5)).toBe(demo)
    expect(streams.get(name)).toBe(demo)
    const other = streams.open({ tenant: 'other', stream: 'demo' }, 0, 0)
    expect(other).not.toBe(demo)
    expect(streams.list()).toEqual([demo, other])
    expect(streams.get({ tenant: 'nobody', stream: 'demo' })).toBeUndefined()
  })

  it('are forgotten when their time of grace is over, live ones never', () => {
    const rig = new StreamRig()
    const streams = new Streams()
    const demo = streams.open(name, 0, 0)!
    const live = streams.open({ tenant: 'default', stream: 'live' }, 0, 0)!
    const publication = rig.publish()
    live.publish(publication, 0, 0)
    expect(streams.expire(1000, 1000)).toEqual([])
    expect(streams.expire(1001, 1000)).toEqual([demo])
    expect(streams.expire(1e9, 1000)).toEqual([])
    live.unpublish(publication, 5000, 0)
    expect(streams.expire(6000, 1000)).toEqual([])
    expect(streams.expire(6001, 1000)).toEqual([live])
    expect(streams.list()).toEqual([])
  })

  it('are at most 10,000', () => {
    const streams = new Streams()
    for (let i = 0; i < 10_000; i++) streams.open({ tenant: 't', stream: `${i}` }, 0, 0)
    expect(streams.open({ tenant: 't', stream: 'more' }, 0, 0)).toBeUndefined()
    expect(streams.open({ tenant: 't', stream: '5' }, 0, 0)).toBeDefined()
    streams.expire(10, 5)
    expect(streams.open({ tenant: 't', stream: 'more' }, 0, 0)).toBeDefined()
  })
})
