import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { chromiumUnavailable, launchChromium } from '#test/support/chromium.ts'
import { FakeEdge } from '#test/support/fake-edge.ts'

let browser: Browser
let edge: FakeEdge
let faults: string[] = []

describe.skipIf(chromiumUnavailable())('pages in Chromium', () => {
  beforeAll(async () => {
    browser = await launchChromium({
      // A name that is neither loopback nor secure, for the page that must say so.
      flags: ['--host-resolver-rules=MAP tailrace.test 127.0.0.1'],
    })
  })
  afterAll(() => browser?.close())
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close()
    await edge.close()
    const found = faults
    faults = []
    expect(found).toEqual([])
  })

  async function open(path: string, origin = edge.origin): Promise<Page> {
    const page = await browser.newPage()
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) faults.push(message.text())
    })
    page.on('pageerror', ({ message }) => faults.push(message))
    await page.goto(origin + path)
    return page
  }
  const reaches = (page: Page, state: string) =>
    page.waitForSelector(`html[data-state="${state}"]`, { state: 'attached' })
  const text = (page: Page, id: string) => page.textContent(`#${id}`)

  it('watch: shows the picture, says how long it took, and ends the session when left', async () => {
    edge = await FakeEdge.open(browser)
    const page = await open('/watch/main')
    await reaches(page, 'live')
    const joinMs = Number(await page.evaluate('document.documentElement.dataset.joinMs'))
    expect(joinMs).toBeGreaterThan(0)
    expect(await text(page, 'join')).toBe(`First picture after ${joinMs} ms`)
    expect(await page.evaluate('document.querySelector("video").videoWidth')).toBeGreaterThan(0)
    await expect.poll(() => text(page, 'stats'), { timeout: 10_000 }).toMatch(/×.*bit\/s.*RTT/)
    await page.click('#sound')
    expect(await page.evaluate('document.querySelector("video").muted')).toBe(false)
    await page.waitForSelector('#sound', { state: 'hidden' })
    await page.goto('about:blank')
    await expect.poll(() => edge.ended, { timeout: 10_000 }).toEqual(edge.opened)
  })

  it('watch: waits for a stream that has not begun, as long as the server says', async () => {
    edge = await FakeEdge.open(browser)
    edge.state = 'inactive'
    const page = await open('/watch/main')
    await reaches(page, 'waiting')
    edge.state = 'live'
    await reaches(page, 'live')
  })

  it('watch: keeps its session while the publisher is away', async () => {
    edge = await FakeEdge.open(browser)
    const page = await open('/watch/main')
    await reaches(page, 'live')
    edge.state = 'inactive'
    await edge.hold(true)
    await reaches(page, 'waiting')
    edge.state = 'live'
    await edge.hold(false)
    await reaches(page, 'live')
    expect(edge.opened).toHaveLength(1)
  })

  it('watch: makes a new session when the old one has ended', async () => {
    edge = await FakeEdge.open(browser)
    const page = await open('/watch/main')
    await reaches(page, 'live')
    await edge.hangUp(edge.opened[0]!)
    await expect.poll(() => edge.opened.length, { timeout: 20_000 }).toBe(2)
    await reaches(page, 'live')
    await expect.poll(() => edge.ended, { timeout: 10_000 }).toEqual([edge.opened[0]])
  })

  it('watch: says what is wrong with a token, and takes the right one from its address', async () => {
    edge = await FakeEdge.open(browser, ['play-1'])
    const refused = await open('/watch/main')
    await reaches(refused, 'stopped')
    expect(await text(refused, 'state')).toContain('play token')
    await refused.close()
    const page = await open('/watch/main?token=play-1')
    await reaches(page, 'live')
    expect(await page.getAttribute('#status-link', 'href')).toBe('/status/main?token=play-1')
  })

  it('publish: sends the camera, shows the bitrate, and stops', async () => {
    edge = await FakeEdge.open(browser)
    const page = await open('/publish?stream=studio')
    await page.fill('#key', 'key-1')
    await page.selectOption('#codec', 'video/VP8')
    await page.click('#start')
    await reaches(page, 'live')
    const [id] = edge.opened
    await expect.poll(() => edge.framesDecoded(id!), { timeout: 20_000 }).toBeGreaterThan(10)
    await expect.poll(() => text(page, 'stats'), { timeout: 10_000 }).toMatch(/bit\/s.*VP8/)
    expect(await page.getAttribute('#watch-link', 'href')).toBe('/watch/studio')
    await page.click('#stop')
    await reaches(page, 'idle')
    await expect.poll(() => edge.ended, { timeout: 10_000 }).toEqual([id])
  })

  it('publish: says that the key is wrong', async () => {
    edge = await FakeEdge.open(browser)
    const page = await open('/publish')
    await page.fill('#key', 'key-2')
    await page.click('#start')
    await reaches(page, 'stopped')
    expect(await text(page, 'state')).toBe('The publish key is missing or wrong.')
    expect(await page.isEnabled('#start')).toBe(true)
  })

  it('publish: says why there is no camera where the page is not secure', async () => {
    edge = await FakeEdge.open(browser)
    const { port } = new URL(edge.origin)
    const page = await open('/publish', `http://tailrace.test:${port}`)
    await page.waitForSelector('#insecure', { state: 'visible' })
    expect(await text(page, 'insecure')).toContain('HTTPS')
    expect(await page.isEnabled('#start')).toBe(false)
  })

  it('status: puts warnings above the facts, and follows the state', async () => {
    edge = await FakeEdge.open(browser)
    const page = await open('/status/main')
    await reaches(page, 'live')
    expect(await page.textContent('#warnings li')).toContain('No audio')
    edge.state = 'inactive'
    await reaches(page, 'inactive')
  })

  it.each(['/', '/publish', '/watch/main', '/status/main'])(
    '%s fits a phone, with nothing to scroll sideways',
    async (path) => {
      edge = await FakeEdge.open(browser)
      const page = await open(path)
      await page.setViewportSize({ width: 320, height: 640 })
      const root = 'document.documentElement'
      expect(await page.evaluate(`${root}.scrollWidth <= ${root}.clientWidth`)).toBe(true)
    },
  )
})
