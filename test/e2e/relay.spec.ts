import { beforeEach, describe, expect, it } from 'vitest'
import { coturnUnavailable } from '#test/support/coturn.ts'
import { RelayedStage } from '#test/support/relayed-stage.ts'
import { stageUnavailable } from '#test/support/stage.ts'

/** Of coturn's log, which another process writes. */
const allocated = 'ALLOCATE processed, success'
const patience = { timeout: 10_000 }

const missing = stageUnavailable({ line: true }) ?? coturnUnavailable()
beforeEach(({ skip }) => {
  if (missing) skip(missing)
})

describe('a viewer who can use nothing but a relay', () => {
  it.each`
    transport | noUdp
    ${'udp'}  | ${false}
    ${'tcp'}  | ${true}
  `(
    'watches through coturn over $transport',
    async ({ transport, noUdp }) => {
      await using opened = new AsyncDisposableStack()
      const relayed = await RelayedStage.open({ transport, line: { delayMs: 25, noUdp } })
      opened.defer(() => relayed.close())
      const { stage, coturn } = relayed
      await stage.obs('relayed')
      const viewing = await relayed.view('relayed')
      await viewing.firstFrame()
      const report = await viewing.moreFrames(60)
      expect(report.framesDecoded).toBeGreaterThan(50)
      expect(await viewing.path()).toEqual({ candidateType: 'relay', relayProtocol: transport })
      await viewing.sound()
      // An id of a session is not for the log of another program; nor is a secret for ours.
      const session = report.session.split('/').at(-1)!
      await expect.poll(() => coturn.lastWords, patience).toContain(allocated)
      expect(coturn.lastWords).not.toContain(session)
      expect(stage.server.lastWords).not.toContain(relayed.secret)
      await viewing.close()
    },
    60_000,
  )
})

describe('the watch page', () => {
  it('takes a relay where nothing else gets through, and asks for none elsewhere', async () => {
    await using opened = new AsyncDisposableStack()
    const line = { delayMs: 25 }
    const relayed = await RelayedStage.open({ transport: 'tcp', line })
    opened.defer(() => relayed.close())
    const { stage, coturn } = relayed
    await stage.obs('watched')
    await relayed.watch('watched')
    expect(coturn.lastWords).not.toContain('ALLOCATE')
    relayed.closeMedia(line)
    await relayed.watch('watched')
    await expect.poll(() => coturn.lastWords, patience).toContain(allocated)
    // Of one session, which was restarted, and not of the next one after it was given up.
    const sessions = (await stage.server.metrics()).get(
      'tailrace_join_seconds_count{phase="answer"}',
    )
    expect(sessions).toBe(2)
  }, 60_000)

  it('takes one in a session that the server made the offer for', async () => {
    await using opened = new AsyncDisposableStack()
    const line = { delayMs: 25 }
    const relayed = await RelayedStage.open({ transport: 'tcp', line })
    opened.defer(() => relayed.close())
    const { server } = relayed.stage
    await relayed.stage.obs('countered')
    relayed.closeMedia(line)
    const statuses: string[] = []
    await relayed.watch('countered', async (page) => {
      page.on('response', (response) => {
        const request = response.request()
        if (!/\/(whep|session)\//.test(request.url())) return
        statuses.push(`${request.method()} ${response.status()}`)
      })
      await page.route(server.whep('countered'), (route) =>
        route.continue({ postData: route.request().postData()!.replaceAll(' H264/', ' X264/') }),
      )
    })
    // Answered, then restarted.
    await expect.poll(() => statuses, patience).toEqual(['POST 406', 'PATCH 204', 'PATCH 200'])
  }, 60_000)
})

describe('the publish page', () => {
  it('takes a relay where nothing else gets through', async () => {
    await using opened = new AsyncDisposableStack()
    const line = { delayMs: 25 }
    const relayed = await RelayedStage.open({ transport: 'tcp', line })
    opened.defer(() => relayed.close())
    const { browser, server } = relayed.stage
    relayed.closeMedia(line)
    const page = await browser.newPage()
    await page.goto(`${server.origin}/publish?stream=studio`)
    await page.fill('#key', server.key)
    await page.click('#start')
    await page.waitForSelector('html[data-state="live"]', { state: 'attached' })
    await expect.poll(() => relayed.coturn.lastWords, patience).toContain(allocated)
    await expect
      .poll(() => server.status('studio'), { timeout: 10_000 })
      .toMatchObject({ state: 'live', epoch: 1 })
    await page.close()
  }, 60_000)
})
