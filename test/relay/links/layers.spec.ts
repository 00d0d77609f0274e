import { describe, expect, it } from 'vitest'
import { faultOfOwn, type MessageOf } from '#control/messages.ts'
import { streamName } from '#core/stream-name.ts'
import { linkTracks } from '#relay/links/link-description.ts'
import { LinkFeed } from '#relay/links/link-feed.ts'
import { LinkedPublication, type LinkSource } from '#relay/links/linked-publication.ts'
import { Stream } from '#relay/stream.ts'
import type { UpLayer } from '#relay/up-layer.ts'
import { PublicationRig, recordedFormat } from '#test/relay/publication-rig.ts'
import { RecordingPlane } from '#test/support/recording-plane.ts'
import { SimulatedClock } from '#test/support/simulated-time.ts'
import { labelled, SlabWriter } from '#test/support/stored-packets.ts'

type Told = { readonly type: string } & Record<string, unknown>

/** A publisher of three layers at a node that has a child, as the child is told of it. */
class Parent {
  readonly rig = new PublicationRig(recordedFormat('obs-32-simulcast-3', 102))
  readonly stream = new Stream(streamName(undefined, 'demo'), 0, 0)
  readonly told: Told[] = []
  readonly feed: LinkFeed
  #ssrc = 0

  constructor(
    wanted: MessageOf<'subscribe'>['wanted'] = 'all',
    have: MessageOf<'subscribe'>['have'] = [],
    need: MessageOf<'subscribe'>['have'] = [],
    { lost, empty = false }: { readonly lost?: string; readonly empty?: boolean } = {},
  ) {
    const { rig } = this
    rig.plane.addPeer(50, {} as never, {} as never)
    rig.publication.epoch = 7
    rig.play('obs-32-simulcast-3', undefined, 1000)
    this.feed = new LinkFeed(
      {
        type: 'subscribe',
        subscription: 1,
        stream: 'default/demo',
        below: ['child'],
        wanted,
        have,
        need,
        ...(lost !== undefined && { lost }),
      },
      this.stream,
      ['parent'],
      {
        peer: 50,
        runs: new Map(),
        nextSsrc: () => ++this.#ssrc,
        tell: (message) => this.told.push(message),
        exhausted: () => {},
      },
      { plane: rig.plane, clock: rig.clock },
    )
    if (empty) for (const layer of this.layers) layer.pause()
    this.stream.publish(rig.publication, 0, 0)
    this.stream.follow(this.feed, 0)
  }

  get layers(): readonly UpLayer[] {
    return this.rig.publication.layers.videoLayers
  }

  take(): Told[] {
    return this.told.splice(0)
  }
}

/** What a child makes of what that parent has. */
function childOf({ rig }: Parent, wants: (layer: UpLayer) => boolean): LinkedPublication {
  const tracks = linkTracks(rig.publication, () => undefined, 2000)
  const listener = { keyframe: () => {}, offered: () => {} }
  const services = { plane: new RecordingPlane(), clock: new SimulatedClock(1000), listener, wants }
  return new LinkedPublication({ epoch: 7, client: 'obs', tracks }, services)
}

const source: LinkSource = {
  roundTrip: undefined,
  nack: () => {},
  requestKeyframe: () => {},
  run: () => {},
  endRun: () => {},
  end: () => {},
  want: () => {},
}

const rids = (layers: unknown) =>
  (layers as { rid?: string; run?: unknown }[]).filter(({ run }) => run).map(({ rid }) => rid)

describe('of several layers, a child', () => {
  it('gets those that it wants', () => {
    const parent = new Parent([{ kind: 'audio' }, { kind: 'video', rid: '1' }])
    const [subscribed] = parent.take()
    const { tracks } = subscribed as unknown as MessageOf<'subscribed'>
    expect(tracks.map(({ kind, layers }) => [kind, rids(layers).length])).toEqual([
      ['audio', 1],
      ['video', 1],
    ])
    expect(rids(tracks[1]!.layers)).toEqual(['1'])
  })

  it('is told what the others take, and gets one more when it wants it, under a new SSRC', () => {
    const parent = new Parent([{ kind: 'video', rid: '1' }])
    parent.take()
    parent.feed.poll(2000)
    const [layers] = parent.take() as unknown as MessageOf<'layers'>[]
    const idle = layers!.layers.filter(({ run }) => run === undefined)
    expect(idle.length).toBe(2)
    for (const { bitrate } of idle) expect(bitrate).toBeGreaterThan(0)
    parent.feed.want([
      { kind: 'video', rid: '1' },
      { kind: 'video', rid: '0' },
    ])
    const [more] = parent.take() as unknown as MessageOf<'layers'>[]
    expect(more!.layers).toEqual([expect.objectContaining({ rid: '0', run: expect.anything() })])
    expect(more!.layers[0]!.run!.ssrc).toBeGreaterThan(1)
    parent.feed.want([{ kind: 'video', rid: '0' }])
    const [less] = parent.take() as unknown as MessageOf<'layers'>[]
    expect(less!.layers).toEqual([expect.objectContaining({ rid: '1' })])
    expect(less!.layers[0]!.run).toBeUndefined()
  })

  it('who had a parent before gets what comes behind the last that it holds', () => {
    const { log } = new Parent().layers[0]!
    const held = log.end - 20
    const layer = { kind: 'video', rid: '0' } as const
    const after = new Parent([layer], [{ epoch: 7, layer, index: held }])
    const [subscribed] = after.take() as unknown as MessageOf<'subscribed'>[]
    const { run } = subscribed!.tracks[1]!.layers.find(({ rid }) => rid === '0')!
    expect(run).toMatchObject({ from: held + 1, end: log.end })
    expect(run!.from - run!.base).toBeLessThan(2 ** 15)
    // Of another epoch, or from beyond all that there is, it means nothing.
    for (const wrong of [
      { epoch: 6, layer, index: held },
      { epoch: 7, layer, index: log.end + 2 ** 20 },
    ]) {
      const [told] = new Parent([layer], [wrong]).take() as unknown as MessageOf<'subscribed'>[]
      const other = told!.tracks[1]!.layers.find(({ rid }) => rid === '0')!.run!
      expect(other.from).toBeLessThanOrEqual(log.keyframe!)
    }
  })

  it('who has a parent is answered when there is something to go on with, or after 600 ms', () => {
    const layer = { kind: 'video', rid: '0' } as const
    const have = [{ epoch: 7, layer, index: 70_000 }]
    const until = (parent: Parent, end: number) => {
      for (const { clock } = parent.rig; clock.now() < end; clock.time += 20) {
        parent.feed.poll(clock.now())
      }
      return parent.take()
    }
    const waiting = new Parent([layer], have, [], { empty: true })
    const begun = waiting.rig.clock.now()
    expect(until(waiting, begun + 500)).toEqual([])
    expect(until(waiting, begun + 700)[0]).toMatchObject({ type: 'subscribed' })
    const filled = new Parent([layer], have, [], { empty: true })
    expect(until(filled, begun + 100)).toEqual([])
    filled.rig.play('obs-32-simulcast-3', undefined, 100)
    const [subscribed] = until(filled, begun + 300) as unknown as MessageOf<'subscribed'>[]
    expect(rids(subscribed!.tracks[1]!.layers)).toEqual(['0'])
    // Who has lost its parent, or had none, has nothing to wait for it with.
    const orphan = new Parent([layer], have, [], { empty: true, lost: 'another' })
    expect(orphan.take()).toMatchObject([{ type: 'subscribed' }])
    expect(new Parent([layer], [], [], { empty: true }).take()).toHaveLength(1)
  })

  it('who begins for one below gets what that one lacks as well', () => {
    const { log } = new Parent().layers[0]!
    const layer = { kind: 'video', rid: '0' } as const
    const runFor = (index: number) => {
      const need = [{ epoch: 7, layer, index }]
      const [told] = new Parent([layer], [], need).take() as unknown as MessageOf<'subscribed'>[]
      return told!.tracks[1]!.layers.find(({ rid }) => rid === '0')!.run!
    }
    expect(runFor(log.end - 5).from).toBe(log.keyframe)
    expect(runFor(log.start - 50).from).toBe(log.start)
  })

  it('is told nothing that its schema would refuse, whatever a publisher says', () => {
    const parent = new Parent()
    const { publication } = parent.rig
    const [layer] = parent.layers
    layer!.inspector!.learn({
      width: 70_000,
      parameterSets: [Buffer.alloc(2000), Buffer.alloc(20)],
    })
    layer!.setClock({ rtpTimestamp: 1, wall: -5 })
    const tracks = linkTracks(
      {
        ...{ layers: publication.layers, client: 'obs' },
        format: {
          video: {
            ...publication.format.video!,
            profile: 'x'.repeat(100),
            parameters: new Map([['a', 'y'.repeat(2000)]]),
          },
        },
      } as never,
      () => undefined,
      2000,
    )
    const message = {
      ...{ type: 'subscribed', subscription: 1, epoch: 7, client: 'obs', active: true },
      ...{ path: ['parent'], tracks },
    } as MessageOf<'subscribed'>
    expect(faultOfOwn(message)).toBeUndefined()
    expect(tracks[0]!.layers[0]!.facts).toMatchObject({ parameterSets: [expect.any(String)] })
  })

  it('asks for those that somebody has wanted lately, and begins with all', () => {
    const parent = new Parent()
    const asked: unknown[] = []
    let wanted = ['0', undefined]
    const child = childOf(parent, ({ rid }) => wanted.includes(rid))
    const want = (layers: readonly { rid?: string }[]) => asked.push(layers.map(({ rid }) => rid))
    child.comesFrom({ ...source, want }, [])
    expect(child.wanted.map(({ rid }) => rid)).toEqual([undefined, '0', '1', '2'])
    child.poll(2000)
    expect(asked).toEqual([])
    child.poll(12_000)
    expect(asked).toEqual([[undefined, '0']])
    wanted = ['2', undefined]
    child.poll(13_000)
    expect(asked.at(-1)).toEqual([undefined, '0', '2'])
    child.poll(24_000)
    expect(asked.at(-1)).toEqual([undefined, '2'])
  })

  it('keeps what it has while a new parent waits for it itself', () => {
    const parent = new Parent()
    const child = childOf(parent, () => true)
    const layer = child.layers.videoLayers[0]!
    const run = { ssrc: 1, base: 0, from: 6, end: 6 }
    child.comesFrom(
      source,
      linkTracks(parent.rig.publication, () => run, 2000),
    )
    const { slab, offset, length } = new SlabWriter().write(labelled('one'))
    layer.log.append(5, slab, offset, length, 0)
    child.comesFrom(
      source,
      linkTracks(parent.rig.publication, () => undefined, 2000),
    )
    expect(child.have()).toEqual([{ layer: { kind: 'video', rid: '0' }, index: 5 }])
    expect(layer.log.end - layer.log.start).toBe(1)
  })

  it('keeps nothing of a layer that comes no more', () => {
    const parent = new Parent()
    const layer = parent.layers[0]!
    expect(layer.log.keyframe).toBeDefined()
    layer.pause()
    expect(layer.log.keyframe).toBeUndefined()
    expect(layer.log.end - layer.log.start).toBe(0)
    expect(layer.active).toBe(false)
  })

  it('takes nothing more of a layer that it wants no more', () => {
    const parent = new Parent()
    const child = childOf(parent, () => false)
    const ended: UpLayer[] = []
    const run = { ssrc: 1, base: 0, from: 6, end: 6 }
    const from = { ...source, endRun: (layer: UpLayer) => ended.push(layer) }
    child.comesFrom(
      from,
      linkTracks(parent.rig.publication, () => run, 2000),
    )
    child.poll(20_000)
    child.update([{ kind: 'video', rid: '0', offered: true, bitrate: 0 }])
    expect(ended).toEqual([child.layers.videoLayers[0]])
  })

  it('keeps the log of one that somebody has begun to watch when it comes no more', () => {
    const parent = new Parent()
    let wanted = false
    const child = childOf(parent, () => wanted)
    const layer = child.layers.videoLayers[0]!
    const run = { ssrc: 1, base: 0, from: 6, end: 6 }
    child.comesFrom(
      source,
      linkTracks(parent.rig.publication, () => run, 2000),
    )
    child.poll(20_000)
    wanted = true
    const { logId } = layer
    child.update([{ kind: 'video', rid: '0', offered: true, bitrate: 0 }])
    expect([layer.logId, layer.active]).toEqual([logId, false])
  })

  it('is given a layer anew that was paused here and has come back', () => {
    const parent = new Parent([{ kind: 'video', rid: '0' }])
    parent.take()
    const layer = parent.layers[0]!
    layer.pause()
    parent.feed.poll(parent.rig.clock.now())
    parent.take()
    parent.rig.play('obs-32-simulcast-3', undefined, 500)
    parent.feed.poll(parent.rig.clock.now())
    const [more] = parent.take() as unknown as MessageOf<'layers'>[]
    expect(rids(more!.layers)).toEqual(['0'])
    expect(more!.layers[0]!.run!.ssrc).toBeGreaterThan(1)
  })
})
