import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { clockGeometry } from '#test/support/clock-reader.ts'
import { Viewing } from '#test/support/media-page.ts'
import { Stage, stageUnavailable } from '#test/support/stage.ts'

const root = join(import.meta.dirname, '..', '..')
const clock = clockGeometry(640, 360)
const playToken = 'e2e-play-token'

describe('other people’s clients in Chromium, as their packages bring them', () => {
  const missing = stageUnavailable()
  let stage: Stage
  let bundles: string

  beforeAll(async () => {
    if (missing) return
    bundles = mkdtempSync(join(tmpdir(), 'tailrace-bundles-'))
    await build({
      stdin: {
        contents: `export { WHIPClient } from '@eyevinn/whip-web-client'
          export { WebRTCPlayer } from '@eyevinn/webrtc-player'`,
        resolveDir: root,
      },
      bundle: true,
      format: 'esm',
      outfile: join(bundles, 'eyevinn.js'),
    })
    stage = await Stage.open({
      env: { TAILRACE_PLAY_TOKEN: playToken },
      folders: { '/bundles': bundles, '/whip-whep': join(root, 'node_modules', 'whip-whep') },
    })
    await stage.page.call('extend', '/other-clients.js')
  })
  beforeEach(({ skip }) => {
    if (missing) skip(missing)
  })
  afterAll(async () => {
    await stage?.close()
    if (bundles) rmSync(bundles, { recursive: true })
  })

  const publish = async (client: string, stream: string, options = {}): Promise<number> => {
    const { server, page } = stage
    return await page.call(client, {
      url: server.whip(stream),
      token: server.key,
      clock,
      ...options,
    })
  }

  it.each([
    { client: 'whip-whep', call: 'publishByWhipWhep', options: {} },
    { client: '@eyevinn/whip-web-client', call: 'publishByEyevinn', options: {} },
    {
      client: '@eyevinn/whip-web-client without trickle',
      call: 'publishByEyevinn',
      options: { noTrickleIce: true },
    },
  ])('$client publishes', async ({ call, options }) => {
    const id = await publish(call, 'others', options)
    // The client is done with the answer; a stream lives from the end of the handshake on.
    const { origin } = stage.server
    const status = `${origin}/api/v1/streams/others?token=${playToken}`
    await expect
      .poll(async () => (await stage.server.get(status)).body, { timeout: 10_000 })
      .toContain('"state":"live"')
    const viewing = await stage.view('others', { token: playToken })
    await viewing.firstFrame()
    const report = await viewing.moreFrames(30)
    expect(report.framesDecoded).toBeGreaterThan(20)
    await viewing.sound()
    await viewing.close()
    await stage.page.call('close', id)
  })

  it.each([
    { client: 'whip-whep', call: 'viewByWhipWhep' },
    { client: '@eyevinn/webrtc-player', call: 'viewByEyevinn' },
  ])('$client views', async ({ call }) => {
    await stage.obs('viewed')
    const { server, page } = stage
    const id = await page.call<number>(call, { url: server.whep('viewed'), token: playToken })
    const viewing = new Viewing(page, id)
    await viewing.firstFrame()
    const report = await viewing.moreFrames(30)
    expect(report.framesDecoded).toBeGreaterThan(20)
    await viewing.sound()
    await viewing.close()
  })
})
