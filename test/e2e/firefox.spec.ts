import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { clockGeometry } from '#test/support/clock-reader.ts'
import { Firefox, firefoxUnavailable } from '#test/support/firefox.ts'
import { FirefoxPage, type FirefoxSession } from '#test/support/firefox-page.ts'
import { Stage, stageUnavailable } from '#test/support/stage.ts'

const clock = clockGeometry(640, 360)
// Chromium scales nothing down that is as small as this, and a change of size is a keyframe.
const small = clockGeometry(320, 180)
// Roles as the answer gives them to the server.
const weBegin = { offered: 'actpass', answered: 'active' } as const
const patience = { timeout: 10_000 }
const firefoxBegins = { offered: 'active', answered: 'passive' } as const

describe('Firefox', () => {
  const missing = stageUnavailable() ?? firefoxUnavailable()
  let stage: Stage
  let firefox: Firefox
  let page: FirefoxPage

  beforeAll(async () => {
    if (missing) return
    // As an operator starts it: Firefox comes by the first candidate that is not loopback (IO-63).
    stage = await Stage.open({ env: { TAILRACE_PUBLIC_ADDRESS: '' } })
    firefox = await Firefox.launch()
    page = await FirefoxPage.open(firefox)
    await stage.page.call('extend', '/firefox.js')
  })
  beforeEach(({ skip }) => {
    if (missing) skip(missing)
  })
  afterAll(async () => {
    await page?.close()
    await firefox?.close()
    await stage?.close()
  })

  /** Ends the session from outside: what Firefox hears of it is the server's close_notify. */
  async function expectDeleteToEnd(
    session: FirefoxSession<{ readonly session: string }>,
  ): Promise<void> {
    const url = (await session.report()).session
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(200)
    await session.state('dtls-closed')
    await session.close({ remove: false })
  }

  it.for([
    { codec: 'VP8', roles: weBegin },
    { codec: 'VP8', roles: firefoxBegins },
    { codec: 'VP9', roles: weBegin },
    { codec: 'AV1', roles: weBegin },
  ] as const)(
    'publishes $codec, offering $roles.offered; Chromium sees and hears it',
    async ({ codec, roles }, { skip }) => {
      const { server } = stage
      const { sent } = await page.videoCodecs()
      if (!sent.includes(`video/${codec}`)) skip(`this Firefox does not send ${codec}`)
      await page.offerSetup(roles.offered)
      const stream = `${codec}-${roles.offered}`.toLowerCase()
      const options = { url: server.whip(stream), token: server.key, codec, clock }
      const publication = await page.publish(options)
      expect(await page.roles()).toEqual(roles)
      await publication.state('dtls-connected')
      expect(await publication.sending()).toMatchObject({ codec: `video/${codec}` })
      const viewing = await stage.view(stream)
      const start = await viewing.firstFrame()
      const report = await viewing.moreFrames(30)
      expect(report).toMatchObject({ codec: `video/${codec}` })
      expect(report.framesDecoded).toBeGreaterThan(start.framesDecoded + 20)
      expect(report.width / report.height).toBeCloseTo(640 / 360)
      await viewing.sound()
      expect(await server.status(stream)).toMatchObject({
        state: 'live',
        publisher: { client: 'firefox' },
      })
      await expectDeleteToEnd(publication)
      await expect.poll(() => server.status(stream), patience).not.toMatchObject({ state: 'live' })
      await viewing.close()
    },
  )

  it.each([{ roles: weBegin }, { roles: firefoxBegins }])(
    'joins late, offering $roles.offered, and sees and hears at once',
    async ({ roles }) => {
      const { server } = stage
      const stream = `late-${roles.offered}`
      // A publisher that cannot be asked for keyframes makes one and no more: whoever comes later
      // sees it by replay or not at all.
      await stage.page.call('rewriteOffers', '^a=rtcp-fb:\\d+ (nack pli|ccm fir)\\r\\n', '')
      const publication = await stage.publish(stream, { codec: 'VP8', clock: small })
      await publication.sending()
      const other = await stage.view(stream)
      await other.moreFrames(45)
      await other.close()
      await page.offerSetup(roles.offered)
      const scale = await stage.page.clockScale()
      const url = server.whep(stream)
      const viewing = await page.view({ url, clock: small, scale, liveAge: 1000 })
      expect(await page.roles()).toEqual(roles)
      await viewing.state('dtls-connected')
      const start = await viewing.firstFrame()
      await viewing.live()
      const report = await viewing.moreFrames(30)
      expect(report).toMatchObject({ codec: 'video/VP8', width: 320, height: 180 })
      expect(report.framesDecoded).toBeGreaterThan(start.framesDecoded + 20)
      await viewing.sound()
      expect(await publication.report()).toMatchObject({ keyFramesEncoded: 1 })
      await expect.poll(() => server.status(stream), patience).toMatchObject({ viewers: 1 })
      await expectDeleteToEnd(viewing)
      await expect.poll(() => server.status(stream), patience).toMatchObject({ viewers: 0 })
      await publication.close()
    },
  )

  it('sees H264 where it has a decoder, and is told why not where it has none (IO-62)', async () => {
    await stage.obs('h264')
    const { received } = await page.videoCodecs()
    const url = stage.server.whep('h264')
    if (!received.includes('video/H264')) {
      const { posted, patched } = await page.viewByOurOffer('viewByCounterOffer', { url })
      expect(posted.status).toBe(406)
      expect(patched.status).toBe(422)
      expect(JSON.parse(patched.body)).toMatchObject({
        detail: expect.stringContaining("the stream's video is H264"),
      })
      return
    }
    const viewing = await page.view({ url })
    expect(await viewing.moreFrames(30)).toMatchObject({ codec: 'video/H264' })
    await expectDeleteToEnd(viewing)
  })

  it.for([
    { call: 'viewByCounterOffer', lacking: ['video/VP8'], status: 406 },
    { call: 'viewByInvitation', lacking: [], status: 201 },
  ])('sees and hears by our offer, as $call asks for it', async ({ call, lacking, status }) => {
    const stream = `ours-${status}`
    const publication = await stage.publish(stream, { codec: 'VP8', clock: small })
    await publication.sending()
    const url = stage.server.whep(stream)
    const { viewing, posted, patched, setup } = await page.viewByOurOffer(call, { url, lacking })
    expect([posted.status, patched.status, setup]).toEqual([status, 204, 'active'])
    const start = await viewing.firstFrame()
    const report = await viewing.moreFrames(30)
    expect(report).toMatchObject({ codec: 'video/VP8', width: 320, height: 180 })
    expect(report.framesDecoded).toBeGreaterThan(start.framesDecoded + 20)
    await viewing.sound()
    await expectDeleteToEnd(viewing)
    await publication.close()
  })
})
