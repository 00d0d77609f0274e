import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Stage, stageUnavailable } from '#test/support/stage.ts'

// Everywhere else the offers are `actpass` and we are the client.
describe('DTLS with us as server, for BoringSSL and libdatachannel', () => {
  const missing = stageUnavailable()
  let stage: Stage
  beforeAll(async () => {
    if (!missing) stage = await Stage.open()
  })
  beforeEach(({ skip }) => {
    if (missing) skip(missing)
  })
  afterAll(async () => {
    await stage?.close()
  })

  it('OBS’s library publishes and Chromium views, both of which offer active', async () => {
    await stage.obs('by-library', { setup: 'active' })
    const viewing = await stage.view('by-library', { setup: 'active' })
    await viewing.firstFrame()
    const report = await viewing.moreFrames(30)
    expect(report.states.map(({ state }) => state)).toContain('dtls-connected')
    await viewing.sound()
    await viewing.close()
  }, 60_000)

  it('Chromium publishes so too', async () => {
    const { clock } = stage.media
    const publication = await stage.publish('by-browser', { codec: 'VP8', clock, setup: 'active' })
    await publication.sending()
    const viewing = await stage.view('by-browser')
    await viewing.firstFrame()
    await viewing.moreFrames(30)
  }, 60_000)
})
