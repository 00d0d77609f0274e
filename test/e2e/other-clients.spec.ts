import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { APIResponse, Request, Route } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { clockGeometry } from '#test/support/clock-reader.ts'
import { Viewing } from '#test/support/media-page.ts'
import { Stage, type StageOptions, stageUnavailable } from '#test/support/stage.ts'

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
    stage = await openStage()
  })

  const openStage = async ({ env = {}, ...rest }: StageOptions = {}): Promise<Stage> => {
    const opened = await Stage.open({
      ...rest,
      env: { TAILRACE_PLAY_TOKEN: playToken, ...env },
      folders: { '/bundles': bundles, '/whip-whep': join(root, 'node_modules', 'whip-whep') },
    })
    await opened.page.call('extend', '/other-clients.js')
    return opened
  }
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

  // Its 1.2.0 makes an SDP that no browser reads of an answer with more than one candidate.
  it('whip-whep restarts ICE, where there is one candidate (IO-8)', async ({ skip }) => {
    const noLine = stageUnavailable({ line: true })
    if (noLine) skip(noLine)
    const single = await openStage({ line: {}, env: { TAILRACE_MEDIA_TCP: 'off' } })
    try {
      await single.obs('restarted')
      const { server, page } = single
      const url = server.whep('restarted')
      const id = await page.call<number>('viewByWhipWhep', { url, token: playToken })
      const viewing = new Viewing(page, id)
      await viewing.firstFrame()
      await viewing.moreFrames(30)
      await page.call('call', id, 'restartByClient')
      await viewing.moreFrames(60)
      expect(await viewing.patch()).toBe(428)
      await viewing.close()
    } finally {
      await single.close()
    }
  })

  /** Spoils offers on their way to the server; what the server says to each request is kept. */
  async function spoil(url: string, change: (offer: string) => string) {
    const { page } = stage.page
    const statuses: string[] = []
    const session = `${stage.server.origin}/session/*`
    const note = (request: Request, response: APIResponse) =>
      statuses.push(`${request.method()} ${response.status()}`)
    const pass = async (route: Route) => {
      const request = route.request()
      const offer = request.postData()
      const postData = request.method() === 'POST' && offer ? change(offer) : undefined
      const response = await route.fetch(postData === undefined ? {} : { postData })
      if (request.method() !== 'OPTIONS') note(request, response)
      await route.fulfill({ response })
    }
    await page.route(url, pass)
    await page.route(session, pass)
    return {
      statuses,
      [Symbol.asyncDispose]: async () => {
        await page.unroute(url, pass)
        await page.unroute(session, pass)
      },
    }
  }

  it('@eyevinn/webrtc-player falls back to our offer after a 400, and views (IO-10)', async () => {
    await stage.obs('fallback')
    const { server, page } = stage
    const url = server.whep('fallback')
    await using spoilt = await spoil(url, (offer) => offer.replace('v=0', 'v=1'))
    const options = { url, token: playToken, remote: 'offer' }
    const viewing = new Viewing(page, await page.call<number>('viewByEyevinn', options))
    await viewing.firstFrame()
    const report = await viewing.moreFrames(30)
    expect(report.framesDecoded).toBeGreaterThan(20)
    await viewing.sound()
    expect(spoilt.statuses).toEqual(['POST 400', 'POST 201', 'PATCH 204'])
    await viewing.close()
  })

  it('@eyevinn/webrtc-player without the stream’s codec hears it (IO-10)', async () => {
    await stage.obs('heard')
    const { server, page } = stage
    const url = server.whep('heard')
    await using spoilt = await spoil(url, (offer) => offer.replaceAll(' H264/', ' X264/'))
    const options = { url, token: playToken, sections: 1 }
    const viewing = new Viewing(page, await page.call<number>('viewByEyevinn', options))
    await viewing.sound()
    expect(spoilt.statuses).toEqual(['POST 406', 'POST 406', 'POST 201'])
    await viewing.close()
  })
})
