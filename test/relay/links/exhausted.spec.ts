import { afterEach, describe, expect, it, vi } from 'vitest'
import { LinkSsrcs } from '#control/messages/link-ssrcs.ts'
import { reattachTiming } from '#control/topology/reattachment.ts'
import { systemClock } from '#server/system-clock.ts'
import { twin } from '#test/native/planes.ts'
import { until } from '#test/native/until.ts'
import { Tree } from '#test/relay/links/tree-rig.ts'

let tree: Tree
afterEach(async () => {
  vi.restoreAllMocks()
  await tree.close()
})

describe('a link whose keys are used up', { timeout: 30_000 }, () => {
  it('is followed by another one to the same node, which is not taken for lost', async () => {
    tree = new Tree()
    const origin = await tree.add('origin', ['ingest'], twin)
    const edge = await tree.add('edge', ['edge'], twin)
    await origin.publish()
    edge.join()
    await until(() => edge.video?.log.keyframe !== undefined)
    const { epoch } = edge.publication as { epoch?: number }
    // A link that ends as soon as it is open waits before the next.
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    vi.spyOn(LinkSsrcs.prototype, 'next').mockReturnValueOnce(undefined)
    const begunAt = systemClock.now()
    origin.stream!.unpublish(origin.publication!, begunAt, systemClock.wall())
    await origin.publish()
    await until(() => (edge.publication as { epoch?: number } | undefined)?.epoch !== epoch)
    await until(() => edge.video?.log.keyframe !== undefined)
    // For so long it would not ask the only node there is.
    expect(systemClock.now() - begunAt).toBeLessThan(reattachTiming.lostFor)
  })
})
