import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { clusterUnavailable } from '#test/support/cluster-settings.ts'
import { ClusterStage } from '#test/support/cluster-stage.ts'
import { allowed, long } from '#test/support/stage.ts'

describe('a cluster of processes', () => {
  let stage: ClusterStage | undefined
  beforeEach(({ skip }) => {
    const missing = clusterUnavailable()
    if (missing) skip(missing)
  })
  afterEach(async () => {
    await stage?.close()
    stage = undefined
  })

  it('shows at an edge what is published at an ingest, by way of a relay', async () => {
    stage = await ClusterStage.open()
    const ingest = await stage.node('ingest', ['ingest'])
    const relay = await stage.node('relay', ['relay'])
    const edge = await stage.node('edge', ['edge'])
    const publisher = await stage.obs(ingest, 'far')
    const { clock } = stage.media
    const viewing = await stage.view(edge, 'far', { clock, scale: publisher.clock, liveAge: 1000 })
    await viewing.firstFrame()
    await viewing.live()
    await viewing.mark()
    const report = await viewing.moreFrames(60)
    expect(report).toMatchObject({ codec: 'video/H264' })
    // Of some 500. A browser that stands still for a second may find its socket full.
    expect(report.packetsLost).toBeLessThan(long ? 1 : 100)
    // While it catches up, the page's clock reader may meet the next picture.
    expect(report.unreadable).toBeLessThan(3)
    expect(report.longestFreeze).toBeLessThan(allowed(1000))
    await viewing.sound()
    expect(await relay.status('far')).toMatchObject({ state: 'live', publisher: { client: 'obs' } })
  }, 60_000)
})
