import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Viewing } from '#test/support/media-page.ts'
import { Stage, stageUnavailable } from '#test/support/stage.ts'

/** A response, as the page's player saw it. */
interface Response {
  readonly status: number
  readonly type: string | null
  readonly location: string | null
  readonly etag: string | null
  readonly body: string
}

interface Joined {
  readonly id: number
  readonly posted: Response
  readonly patched: Response
  /** What the browser answered to `actpass`. */
  readonly setup: string
}

describe('Chromium with an offer of ours (draft-ietf-wish-whep §4.3.2)', () => {
  const missing = stageUnavailable()
  let stage: Stage

  beforeAll(async () => {
    if (missing) return
    stage = await Stage.open()
    await stage.page.call('extend', '/server-offer.js')
    await stage.obs('offered')
  })
  beforeEach(({ skip }) => {
    if (missing) skip(missing)
  })
  afterAll(async () => stage?.close())

  const join = (call: string, options = {}) =>
    stage.page.call<Joined>(call, { url: stage.server.whep('offered'), ...options })

  const patience = { timeout: 10_000 }
  const status = () => stage.server.status('offered')

  async function expectPlaying({ id, patched, setup }: Joined): Promise<void> {
    expect([patched.status, patched.body]).toEqual([204, ''])
    expect(setup).toBe('active')
    const viewing = new Viewing(stage.page, id)
    const start = await viewing.firstFrame()
    const report = await viewing.moreFrames(30)
    expect(report).toMatchObject({ codec: 'video/H264' })
    expect(report.framesDecoded).toBeGreaterThan(start.framesDecoded + 20)
    await viewing.sound()
    await expect.poll(status, patience).toMatchObject({ viewers: 1 })
    await viewing.close()
    await expect.poll(status, patience).toMatchObject({ viewers: 0 })
  }

  it('plays by the counter-offer to an offer without the stream’s codec', async () => {
    const joined = await join('viewByCounterOffer', { lacking: ['video/H264'] })
    expect(joined.posted).toMatchObject({
      status: 406,
      type: expect.stringMatching(/^application\/sdp; valid-until=".* GMT"$/),
      location: expect.stringMatching(/^\/session\//),
      etag: expect.stringMatching(/^".+"$/),
    })
    await expectPlaying(joined)
  })

  it('plays by the offer that an empty POST asks for', async () => {
    const joined = await join('viewByInvitation')
    expect(joined.posted).toMatchObject({ status: 201, type: 'application/sdp' })
    await expectPlaying(joined)
  })

  it('plays in our own page, whose offer is spoilt on its way (WHEP-25, WHEP-26)', async () => {
    const { server, browser } = stage
    const page = await browser.newPage()
    const statuses: string[] = []
    page.on('response', (response) => {
      const request = response.request()
      if (/\/(whep|session)\//.test(request.url())) {
        statuses.push(`${request.method()} ${response.status()}`)
      }
    })
    await page.route(server.whep('offered'), (route) =>
      route.continue({ postData: route.request().postData()!.replaceAll(' H264/', ' X264/') }),
    )
    await page.goto(`${server.origin}/watch/offered`)
    await page.waitForSelector('html[data-state="live"]', { state: 'attached' })
    expect(await page.evaluate('document.querySelector("video").videoWidth')).toBeGreaterThan(0)
    await expect.poll(() => statuses, patience).toEqual(['POST 406', 'PATCH 204'])
    await page.close()
  })

  it('hears why an answer without the stream’s codec is refused', async () => {
    const { id, patched } = await join('viewByInvitation', { without: ['video/H264'] })
    await stage.page.call('close', id)
    expect(patched.status).toBe(422)
    expect(JSON.parse(patched.body)).toMatchObject({
      code: 'no-common-codec',
      detail: expect.stringContaining("the stream's video is H264"),
    })
  })
})
