import { afterEach, describe, expect, it } from 'vitest'
import { streamKey } from '#core/stream-name.ts'
import { systemClock } from '#server/system-clock.ts'
import { twin } from '#test/native/planes.ts'
import { until } from '#test/native/until.ts'
import { demo, Tree } from '#test/relay/links/tree-rig.ts'

let tree: Tree
afterEach(async () => tree.close())

describe('a stream that its parent has forgotten', { timeout: 30_000 }, () => {
  it('comes again when it is published again, to a child that has waited for longer', async () => {
    tree = new Tree()
    const origin = await tree.add('origin', ['ingest'], twin)
    const edge = await tree.add('edge', ['edge'], twin)
    const publisher = await origin.publish()
    edge.join().join({ watch() {}, unwatch() {}, keyframe() {}, wants: () => true } as never, 0)
    await until(() => edge.video?.log.keyframe !== undefined)
    publisher.leave()
    await until(() => edge.publication === undefined)
    expect(origin.streams.expire(systemClock.now() + 1, 0)).toHaveLength(1)
    origin.registry.release(streamKey(demo))
    await origin.publish()
    await until(() => edge.video?.log.keyframe !== undefined)
  })
})
