import { describe, expect, it } from 'vitest'
import { faultOfOwn, type MessageOf } from '#control/messages.ts'
import { linkTracks } from '#relay/links/link-description.ts'
import { childOf, Parent, rids, source } from './layered-parent.ts'

describe('of several layers, a child', () => {
  it('gets those that it wants', () => {
    const parent = new Parent({ wanted: [{ kind: 'audio' }, { kind: 'video', rid: '1' }] })
    const [subscribed] = parent.take()
    const { tracks } = subscribed as unknown as MessageOf<'subscribed'>
    expect(tracks.map(({ kind, layers }) => [kind, rids(layers).length])).toEqual([
      ['audio', 1],
      ['video', 1],
    ])
    expect(rids(tracks[1]!.layers)).toEqual(['1'])
  })

  it('is told what the others take, and gets one more when it wants it, under a new SSRC', () => {
    const parent = new Parent({ wanted: [{ kind: 'video', rid: '1' }] })
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
    const after = new Parent({ wanted: [layer], have: [{ epoch: 7, layer, index: held }] })
    const [subscribed] = after.take() as unknown as MessageOf<'subscribed'>[]
    const { run } = subscribed!.tracks[1]!.layers.find(({ rid }) => rid === '0')!
    expect(run).toMatchObject({ from: held + 1, end: log.end })
    expect(run!.from - run!.base).toBeLessThan(2 ** 15)
    // Of another epoch, or from beyond all that there is, it means nothing.
    for (const wrong of [
      { epoch: 6, layer, index: held },
      { epoch: 7, layer, index: log.end + 2 ** 20 },
    ]) {
      const parent = new Parent({ wanted: [layer], have: [wrong] })
      const [told] = parent.take() as unknown as MessageOf<'subscribed'>[]
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
    const waiting = new Parent({ wanted: [layer], have, empty: true })
    const begun = waiting.rig.clock.now()
    expect(until(waiting, begun + 500)).toEqual([])
    expect(until(waiting, begun + 700)[0]).toMatchObject({ type: 'subscribed' })
    const filled = new Parent({ wanted: [layer], have, empty: true })
    expect(until(filled, begun + 100)).toEqual([])
    filled.rig.play('obs-32-simulcast-3', undefined, 100)
    const [subscribed] = until(filled, begun + 300) as unknown as MessageOf<'subscribed'>[]
    expect(rids(subscribed!.tracks[1]!.layers)).toEqual(['0'])
    // Who has lost its parent, or had none, has nothing to wait for it with.
    const orphan = new Parent({ wanted: [layer], have, lost: 'another', empty: true })
    expect(orphan.take()).toMatchObject([{ type: 'subscribed' }])
    expect(new Parent({ wanted: [layer], empty: true }).take()).toHaveLength(1)
  })

  it('who begins for one below gets what that one lacks as well', () => {
    const { log } = new Parent().layers[0]!
    const layer = { kind: 'video', rid: '0' } as const
    const runFor = (index: number) => {
      const need = [{ epoch: 7, layer, index }]
      const parent = new Parent({ wanted: [layer], need })
      const [told] = parent.take() as unknown as MessageOf<'subscribed'>[]
      return told!.tracks[1]!.layers.find(({ rid }) => rid === '0')!.run!
    }
    expect(runFor(log.end - 5).from).toBe(log.keyframe)
    expect(runFor(log.start - 50).from).toBe(log.start)
  })

  it('hears of another path to the origin, and that there is none any more', () => {
    const parent = new Parent()
    parent.take()
    parent.stream.reroute(['origin', 'parent'])
    parent.stream.abandon()
    expect(parent.take()).toEqual([
      { type: 'path', subscription: 1, path: ['origin', 'parent'] },
      { type: 'refused', subscription: 1, reason: 'unknown-stream', text: 'no way to the origin' },
    ])
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
})
