import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '#test/native/until.ts'
import { ClusterStage, clusterUnavailable } from '#test/support/cluster-stage.ts'

describe('a cluster of processes', () => {
  let stage: ClusterStage
  beforeEach(async ({ skip }) => {
    const missing = clusterUnavailable()
    if (missing) skip(missing)
    stage = await ClusterStage.open()
  })
  afterEach(async () => stage?.close())

  it('shows at an edge what is published at an ingest, by way of a relay', async () => {
    const ingest = await stage.node('ingest', ['ingest'])
    await stage.node('relay', ['relay'])
    const edge = await stage.node('edge', ['edge'])
    const publisher = await stage.obs(ingest, 'far')
    let status = 0
    await until(async () => {
      const response = await fetch(edge.whep('far'), { method: 'OPTIONS' })
      status = response.status
      return status > 0
    })
    await new Promise((resolve) => setTimeout(resolve, 2000))
    const t0 = performance.now()
    const viewing = await stage.view(edge, 'far', {
      clock: stage.media.clock,
      scale: publisher.clock,
    })
    const first = await viewing.firstFrame()
    console.log('first', performance.now() - t0, JSON.stringify(first))
    const more = await viewing.moreFrames(30)
    console.log(JSON.stringify(more).slice(0, 600))
    await viewing.sound()
    console.log(edge.lastWords)
    expect(1).toBe(1)
  }, 60_000)
})
