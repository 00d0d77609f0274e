import { afterEach, describe, expect, it, vi } from 'vitest'
import { streamKey, streamName } from '#core/stream-name.ts'
import { LinkFeed } from '#relay/links/link-feed.ts'
import { twin } from '#test/native/planes.ts'
import { until } from '#test/native/until.ts'
import { Tree, type TreeNode } from '#test/relay/links/tree-rig.ts'

let tree: Tree
afterEach(async () => tree.close())

/** A node with a token, that says whatever it likes. */
async function attacker(parent: TreeNode) {
  const told: { type: string; [name: string]: unknown }[] = []
  const { id } = await parent.tokens.mint(parent.id)
  const listener = parent.links.accept(
    { child: 'evil', tokenId: id, address: '127.0.0.1' },
    { backlog: 0, roundTrip: 1, send: (text) => told.push(JSON.parse(text)), close: () => {} },
  )
  const say = (message: object) => listener.text(JSON.stringify(message))
  const protocol = { oldest: 1, newest: 1 }
  say({ type: 'hello', node: 'evil', incarnation: 1, role: 'subscriber', protocol })
  await until(() => told.some(({ type }) => type === 'welcome'))
  const subscribe = (subscription: number, stream: string, below: string[] = []) =>
    say({
      ...{ type: 'subscribe', subscription, stream, below: [...below, 'evil'] },
      ...{ wanted: 'all', have: [] },
    })
  return { told, say, subscribe }
}

describe('a node with a token that misbehaves', { timeout: 30_000 }, () => {
  it('does not make its parent say to the origin what ends the link of everybody', async () => {
    tree = new Tree()
    const origin = await tree.add('origin', ['ingest'], twin)
    const relay = await tree.add('relay-a', ['relay'], twin)
    const edge = await tree.add('edge', ['edge'], twin)
    await origin.publish()
    await until(() => origin.video?.log.keyframe !== undefined)
    edge.join()
    await until(() => edge.video?.log.keyframe !== undefined)
    const other = streamName(undefined, 'other')
    await origin.registry.claim(streamKey(other), { tracks: [] })
    const gone = vi.spyOn(origin.plane, 'removePeer')
    // Peer 1 is the publisher.
    const relayAtOrigin = 2
    const { subscribe, told } = await attacker(relay)
    const waiting = Array.from({ length: 31 }, (_, at) => `n${at}`)
    subscribe(1, 'default/other', waiting)
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect(told.filter(({ type }) => type === 'refused')).toHaveLength(1)
    // By which the edge gets its stream.
    expect(gone.mock.calls.flat()).not.toContain(relayAtOrigin)
  })

  it('gets a stream a few times at most', async () => {
    tree = new Tree()
    const origin = await tree.add('origin', ['ingest'], twin)
    const publisher = await origin.publish()
    await until(() => origin.video?.log.keyframe !== undefined)
    publisher.stop()
    const { subscribe, told } = await attacker(origin)
    for (let number = 1; number <= 5000; number++) subscribe(number, 'default/demo')
    const granted = told.filter(({ type }) => type === 'subscribed').length
    expect(granted).toBe(2)
    expect(told.filter(({ reason }) => reason === 'full')).toHaveLength(4998)
  })

  it('leaves nothing behind by a subscription that ends while it begins', async () => {
    tree = new Tree()
    const origin = await tree.add('origin', ['ingest'], twin)
    const { publication } = await origin.publish()
    await until(() => origin.video?.log.keyframe !== undefined)
    // What cannot be told, whatever it is: a publisher's doing.
    Object.defineProperty(publication, 'client', { value: 'x'.repeat(100) })
    const feeds = new Set<object>()
    const { add, remove } = origin.timers
    origin.timers.add = (machine) => {
      if (machine instanceof LinkFeed) feeds.add(machine)
      add.call(origin.timers, machine)
    }
    origin.timers.remove = (machine) => {
      feeds.delete(machine)
      remove.call(origin.timers, machine)
    }
    const { subscribe, told } = await attacker(origin)
    for (let number = 1; number <= 50; number++) subscribe(number, 'default/demo')
    expect(told.filter(({ type }) => type === 'refused')).toHaveLength(50)
    expect(feeds.size).toBe(0)
  })
})
