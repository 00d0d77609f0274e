import { describe, expect, it } from 'vitest'
import type { MessageOf } from '#control/messages.ts'
import { linkTracks } from '#relay/links/link-description.ts'
import type { UpLayer } from '#relay/up-layer.ts'
import { labelled, SlabWriter } from '#test/support/stored-packets.ts'
import { childOf, Parent, rids, source } from './layered-parent.ts'

describe('of a layer that comes no more, a child', () => {
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

  it('takes nothing more of a layer that it wants no more', () => {
    const parent = new Parent()
    const child = childOf(parent, () => false)
    const ended: UpLayer[] = []
    const run = { ssrc: 1, base: 0, from: 6, end: 6 }
    const runs = { ...source.runs, endOf: (layer: UpLayer) => void ended.push(layer) }
    child.comesFrom(
      { ...source, runs },
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
    const parent = new Parent({ wanted: [{ kind: 'video', rid: '0' }] })
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
