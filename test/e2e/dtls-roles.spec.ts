import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Stage, stageUnavailable } from '#test/support/stage.ts'

// Everywhere else the offers are `actpass` and we are the client.
describe('DTLS with us as server, for BoringSSL and libdatachannel', () => {
  let stage: Stage | undefined
  beforeEach(({ skip }) => {
    const missing = stageUnavailable()
    if (missing) skip(missing)
  })
  afterEach(async () => {
    await stage?.close()
    stage = undefined
  })

  it('OBS’s library publishes and Chromium views, both of which offer active', async () => {
    stage = await Stage.open()
    await stage.obs('active', { setup: 'active' })
    const viewing = await stage.view('active', { setup: 'active' })
    await viewing.firstFrame()
    const report = await viewing.moreFrames(30)
    expect(report.states.map(({ state }) => state)).toContain('dtls-connected')
    await viewing.sound()
  }, 60_000)

  it('Chromium publishes so too', async () => {
    stage = await Stage.open()
    const { clock } = stage.media
    const publication = await stage.publish('active', { codec: 'VP8', clock, setup: 'active' })
    await publication.sending()
    const viewing = await stage.view('active')
    await viewing.firstFrame()
    await viewing.moreFrames(30)
  }, 60_000)
})
