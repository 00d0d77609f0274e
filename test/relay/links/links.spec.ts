import { afterEach, describe, expect, it } from 'vitest'
import { streamKey } from '#core/stream-name.ts'
import { planes } from '#test/native/planes.ts'
import { until } from '#test/native/until.ts'
import { demo, packetsOf, Tree, type TreeNode } from './tree-rig.ts'

let tree: Tree
afterEach(async () => tree.close())

/** Whether all that the origin has of the picture from there on is at the node, and the same. */
function hasAll(node: TreeNode, origin: TreeNode, from: number): boolean {
  if (!node.video || !origin.video) return false
  const theirs = packetsOf(node.video, from)
  const all = packetsOf(origin.video, from)
  return all.size > 0 && [...all].every(([index, packet]) => theirs.get(index) === packet)
}

describe.each(planes)('a stream over links ($name)', { timeout: 30_000 }, (plane) => {
  it('comes to a node that has a viewer, under the same indices', async () => {
    tree = new Tree()
    const origin = await tree.add('origin', ['ingest', 'relay'], plane)
    const edge = await tree.add('edge', ['edge'], plane)
    await origin.publish()
    await until(() => origin.video?.log.keyframe !== undefined)
    edge.join()
    await until(() => edge.video?.log.keyframe !== undefined)
    const { keyframe } = origin.video!.log
    expect(edge.video!.log.keyframe).toBe(keyframe)
    await until(() => edge.video!.log.end > keyframe! + 200)
    await until(() => hasAll(edge, origin, keyframe!))
    expect(edge.publication).toMatchObject({ client: 'obs', epoch: origin.publication!.epoch })
    expect(edge.publication!.audio!.log.end).toBeGreaterThan(0)
    await until(() => edge.video?.clock !== undefined)
    expect(edge.video!.clock).toEqual(origin.video!.clock)
    expect(tree.memory.carriers.get(streamKey(demo))?.get('edge')).toMatchObject({
      parent: 'origin',
      depth: 1,
    })
  })

  it('goes on behind the last packet when the parent is gone', async () => {
    tree = new Tree()
    const origin = await tree.add('origin', ['ingest'], plane)
    const relays = [
      await tree.add('relay-a', ['relay'], plane),
      await tree.add('relay-b', ['relay'], plane),
    ]
    const edge = await tree.add('edge', ['edge'], plane)
    await origin.publish()
    await until(() => origin.video?.log.keyframe !== undefined)
    edge.join()
    await until(() => edge.video?.log.keyframe !== undefined)
    const from = edge.video!.log.keyframe!
    const carriers = () => tree.memory.carriers.get(streamKey(demo))
    const parent = carriers()?.get('edge')?.parent
    expect(['relay-a', 'relay-b']).toContain(parent)
    const { publication } = edge
    await relays.find(({ id }) => id === parent)!.die()
    const { end } = origin.video!.log
    await until(() => edge.video!.log.end > end + 100)
    await until(() => hasAll(edge, origin, from))
    expect(edge.publication).toBe(publication)
    expect(carriers()?.get('edge')?.parent).not.toBe(parent)
  })

  it('goes on in the same place with a publisher at another node, who has the newer epoch', async () => {
    tree = new Tree()
    const first = await tree.add('first', ['ingest'], plane)
    const second = await tree.add('second', ['ingest'], plane)
    await tree.add('relay', ['relay'], plane)
    const edge = await tree.add('edge', ['edge'], plane)
    const publisher = await first.publish()
    await until(() => first.video?.log.keyframe !== undefined)
    const stream = edge.join()
    await until(() => edge.video?.log.keyframe !== undefined)
    const { epoch } = edge.publication!
    await second.publish()
    publisher.leave()
    await until(() => (edge.publication?.epoch ?? 0) > epoch!)
    expect(edge.stream).toBe(stream)
    await until(() => second.video?.log.keyframe !== undefined)
    await until(() => hasAll(edge, second, second.video!.log.keyframe!))
    await until(() => tree.memory.carriers.get(streamKey(demo))?.get('relay')?.parent === 'second')
    await until(() => first.links.children === 0 || first.stream?.followers === 0)
  })

  it('stops while nobody publishes, and comes back by itself', async () => {
    tree = new Tree()
    const origin = await tree.add('origin', ['ingest'], plane)
    const edge = await tree.add('edge', ['edge'], plane)
    const publisher = await origin.publish()
    await until(() => origin.video?.log.keyframe !== undefined)
    edge.join()
    await until(() => edge.video?.log.keyframe !== undefined)
    publisher.leave()
    await until(() => edge.publication === undefined)
    await origin.publish()
    await until(() => edge.video?.log.keyframe !== undefined)
    expect(edge.publication!.epoch).toBe(origin.publication!.epoch)
  })

  it('is taken from another node before the one that drains lets go', async () => {
    tree = new Tree()
    const origin = await tree.add('origin', ['ingest'], plane)
    const relays = [
      await tree.add('relay-a', ['relay'], plane),
      await tree.add('relay-b', ['relay'], plane),
    ]
    const edge = await tree.add('edge', ['edge'], plane)
    await origin.publish()
    await until(() => origin.video?.log.keyframe !== undefined)
    edge.join()
    await until(() => edge.video?.log.keyframe !== undefined)
    const from = edge.video!.log.keyframe!
    const parentOf = () => tree.memory.carriers.get(streamKey(demo))?.get('edge')?.parent
    const parent = relays.find(({ id }) => id === parentOf())!
    const other = relays.find(({ id }) => id !== parentOf())!
    const { publication } = edge
    parent.record = { ...parent.record, draining: true }
    parent.registry.announce(parent.record)
    parent.links.drain(10_000)
    await until(() => parentOf() === other.id)
    await until(() => parent.stream?.followers === 0)
    const { end } = origin.video!.log
    await until(() => edge.video!.log.end > end + 100)
    await until(() => hasAll(edge, origin, from))
    expect(edge.publication).toBe(publication)
  })

  it('is taken from the one above where no other relay could take the place', async () => {
    tree = new Tree()
    const origin = await tree.add('origin', ['ingest'], plane)
    const relay = await tree.add('relay', ['relay'], plane)
    const edge = await tree.add('edge', ['edge'], plane)
    await origin.publish()
    await until(() => origin.video?.log.keyframe !== undefined)
    edge.join()
    await until(() => edge.video?.log.keyframe !== undefined)
    const parentOf = () => tree.memory.carriers.get(streamKey(demo))?.get('edge')?.parent
    await until(() => parentOf() === 'relay')
    const { publication } = edge
    relay.record = { ...relay.record, draining: true }
    relay.registry.announce(relay.record)
    relay.links.drain(10_000)
    await until(() => parentOf() === 'origin')
    await until(() => relay.links.children === 0)
    expect(edge.publication).toBe(publication)
  })
})
