import { afterEach, describe, expect, it } from 'vitest'
import { streamKey } from '#core/stream-name.ts'
import { writeNack } from '#rtp/rtcp/nack.ts'
import { planes, type TestedPlane } from '#test/native/planes.ts'
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

function parentOf(node: string): string | undefined {
  return tree.memory.carriers.get(streamKey(demo))?.get(node)?.parent
}

/** What the edge has of the stream that came to the origin, from its keyframe on. */
async function watch(origin: TreeNode, edge: TreeNode) {
  const publisher = await origin.publish()
  await until(() => origin.video?.log.keyframe !== undefined)
  const stream = edge.join()
  await until(() => edge.video?.log.keyframe !== undefined)
  return { publisher, stream, from: edge.video!.log.keyframe! }
}

/** A stream with a viewer at an edge, which has it from one of two relays. */
async function watchedByRelay(plane: TestedPlane) {
  tree = new Tree()
  const origin = await tree.add('origin', ['ingest'], plane)
  const relays = [
    await tree.add('relay-a', ['relay'], plane),
    await tree.add('relay-b', ['relay'], plane),
  ]
  const edge = await tree.add('edge', ['edge'], plane)
  const { from } = await watch(origin, edge)
  return { origin, relays, edge, from, publication: edge.publication }
}

describe.each(planes)('a stream over links ($name)', { timeout: 30_000 }, (plane) => {
  it('comes to a node that has a viewer, under the same indices', async () => {
    tree = new Tree()
    const origin = await tree.add('origin', ['ingest', 'relay'], plane)
    const edge = await tree.add('edge', ['edge'], plane)
    const { from } = await watch(origin, edge)
    expect(from).toBe(origin.video!.log.keyframe)
    await until(() => edge.video!.log.end > from + 100)
    await until(() => hasAll(edge, origin, from))
    expect(edge.publication).toMatchObject({ client: 'obs', epoch: origin.publication!.epoch })
    expect(edge.publication!.layers.audio!.log.end).toBeGreaterThan(0)
    await until(() => edge.video?.clock !== undefined)
    expect(edge.video!.clock).toEqual(origin.video!.clock)
    expect(tree.memory.carriers.get(streamKey(demo))?.get('edge')).toMatchObject({
      parent: 'origin',
      depth: 1,
    })
  })

  it('is sent again from the log where the child has lost some of it', async () => {
    tree = new Tree()
    const origin = await tree.add('origin', ['ingest', 'relay'], plane)
    const edge = await tree.add('edge', ['edge'], plane)
    const { from } = await watch(origin, edge)
    const before = origin.plane.statistics.sent.retransmitted
    // Sound and picture are the first two runs, and the origin's peers its publisher and the edge.
    for (const ssrc of [1, 2, 3]) origin.links.rtcp(2, writeNack(0, ssrc, [from % 2 ** 15]))
    await until(() => origin.plane.statistics.sent.retransmitted > before)
  })

  it('goes on behind the last packet when the parent is gone', async () => {
    const { origin, relays, edge, from, publication } = await watchedByRelay(plane)
    const parent = parentOf('edge')
    expect(['relay-a', 'relay-b']).toContain(parent)
    await relays.find(({ id }) => id === parent)!.die()
    const { end } = origin.video!.log
    await until(() => edge.video!.log.end > end + 100)
    await until(() => hasAll(edge, origin, from))
    expect(edge.publication).toBe(publication)
    expect(parentOf('edge')).not.toBe(parent)
  })

  it('goes on in the same place with a publisher at another node, who has the newer epoch', async () => {
    tree = new Tree()
    const first = await tree.add('first', ['ingest'], plane)
    const second = await tree.add('second', ['ingest'], plane)
    await tree.add('relay', ['relay'], plane)
    const edge = await tree.add('edge', ['edge'], plane)
    const { publisher, stream } = await watch(first, edge)
    const { epoch } = edge.publication!
    await second.publish()
    publisher.leave()
    await until(() => (edge.publication?.epoch ?? 0) > epoch!)
    expect(edge.stream).toBe(stream)
    await until(() => second.video?.log.keyframe !== undefined)
    await until(() => hasAll(edge, second, second.video!.log.keyframe!))
    await until(() => parentOf('relay') === 'second')
    await until(() => first.links.children === 0 || first.stream?.followers === 0)
  })

  it('stops while nobody publishes, and comes back by itself', async () => {
    tree = new Tree()
    const origin = await tree.add('origin', ['ingest'], plane)
    const edge = await tree.add('edge', ['edge'], plane)
    const { publisher } = await watch(origin, edge)
    publisher.leave()
    await until(() => edge.publication === undefined)
    await origin.publish()
    await until(() => edge.video?.log.keyframe !== undefined)
    expect(edge.publication!.epoch).toBe(origin.publication!.epoch)
  })

  it('is taken from another node before the one that drains lets go', async () => {
    const { origin, relays, edge, from, publication } = await watchedByRelay(plane)
    const parent = relays.find(({ id }) => id === parentOf('edge'))!
    const other = relays.find(({ id }) => id !== parent.id)!
    parent.record = { ...parent.record, draining: true }
    parent.registry.announce(parent.record)
    parent.links.drain()
    await until(() => parentOf('edge') === other.id)
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
    await watch(origin, edge)
    await until(() => parentOf('edge') === 'relay')
    const { publication } = edge
    relay.record = { ...relay.record, draining: true }
    relay.registry.announce(relay.record)
    relay.links.drain()
    await until(() => parentOf('edge') === 'origin')
    await until(() => relay.links.children === 0)
    expect(edge.publication).toBe(publication)
  })
})
