import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Stage, stageUnavailable } from '#test/support/stage.ts'

describe('IPv6', () => {
  let stage: Stage | undefined
  beforeEach(({ skip }) => {
    const missing = stageUnavailable()
    if (missing) skip(missing)
  })
  afterEach(async () => {
    await stage?.close()
    stage = undefined
  })

  it('carries HTTP and media of a publisher and a viewer on loopback', async () => {
    stage = await Stage.open({ address: '::1' })
    await stage.obs('six')
    const viewing = await stage.view('six')
    await viewing.firstFrame()
    const report = await viewing.moreFrames(30)
    expect(report.remoteAddress).toBe('::1')
    await viewing.sound()
  }, 60_000)
})
