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
})
