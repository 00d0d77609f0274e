import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Stage, stageUnavailable } from '#test/support/stage.ts'

/** Waits until the page's `<video>` has shown `count` more pictures; gives its size. */
const showPictures = `async (count) => {
  const video = document.querySelector('video')
  for (let shown = 0; shown < count; shown++) {
    await new Promise((next) => video.requestVideoFrameCallback(next))
  }
  return { width: video.videoWidth, height: video.videoHeight }
}`

/** Waits until the page's \`<video>\` is heard; gives the loudest sample. */
const listen = `async () => {
  const video = document.querySelector('video')
  const sound = new AudioContext()
  const meter = sound.createAnalyser()
  sound.createMediaStreamSource(video.srcObject).connect(meter)
  const samples = new Float32Array(meter.fftSize)
  for (let loudest = 0; ; ) {
    meter.getFloatTimeDomainData(samples)
    loudest = Math.max(...samples)
    if (loudest > 0.01) return loudest
    await new Promise((next) => setTimeout(next, 20))
  }
}`

describe('the pages of a node that plays the demo', () => {
  const missing = stageUnavailable()
  let stage: Stage

  beforeAll(async () => {
    if (!missing) stage = await Stage.open({ serverFlags: ['--demo'] })
  })
  beforeEach(({ skip }) => {
    if (missing) skip(missing)
  })
  afterAll(async () => {
    await stage?.close()
  })

  async function open(path: string): Promise<Page> {
    const context = await stage.browser.newContext({ permissions: ['camera', 'microphone'] })
    const page = await context.newPage()
    // A browser lets a page use the camera on this machine's own name without HTTPS.
    await page.goto(`http://localhost:${stage.server.ports.httpPort}${path}`)
    return page
  }

  async function expectToPlay(page: Page): Promise<void> {
    await page.locator('html[data-state=live]').waitFor({ timeout: 20_000 })
    const size = await page.evaluate(`(${showPictures})(30)`)
    expect(size).toMatchObject({ width: expect.any(Number) })
    expect(await page.evaluate(`(${listen})()`)).toBeGreaterThan(0.01)
    expect(await page.locator('#join').textContent()).toMatch(/First picture after \d+ ms/)
    await page.context().close()
  }

  it('show the demo with sound, and print the time of the join', async () => {
    await expect
      .poll(() => stage.server.status('demo').catch(() => undefined), { timeout: 20_000 })
      .toMatchObject({ state: 'live' })
    await expectToPlay(await open('/watch/demo'))
  })

  it('publish from the browser’s camera and microphone, for others to watch', async () => {
    const page = await open('/publish')
    await page.locator('#stream').fill('camera')
    await page.locator('#key').fill(stage.server.key)
    await page.locator('#start').click()
    await page.locator('html[data-state=live]').waitFor({ timeout: 20_000 })
    await expectToPlay(await open('/watch/camera'))
    // A picture of 720 lines goes in three sizes, which Chromium begins one after the other.
    const widths = async () => {
      const { layers = [] } = await stage.server.status('camera')
      return (layers as readonly { readonly width: number }[]).map(({ width }) => width)
    }
    await expect.poll(widths, { timeout: 30_000 }).toEqual([320, 640, 1280])
    await page.locator('#stop').click()
    await page.locator('html[data-state=idle]').waitFor()
    await page.context().close()
  })

  it('publish layers as they are chosen, those within one only where the codec has them', async () => {
    const page = await open('/publish')
    const svc = page.locator('#layers option[value=svc]')
    await page.locator('#codec').selectOption('video/VP8')
    expect(await svc.isDisabled()).toBe(true)
    await page.locator('#codec').selectOption('video/VP9')
    expect(await svc.isDisabled()).toBe(false)
    await page.locator('#layers').selectOption('svc')
    await page.locator('#stream').fill('within')
    await page.locator('#key').fill(stage.server.key)
    await page.locator('#start').click()
    await page.locator('html[data-state=live]').waitFor({ timeout: 20_000 })
    const rates = async () => {
      const { layers = [] } = await stage.server.status('within')
      return (layers as readonly { readonly temporalId?: number }[]).map((one) => one.temporalId)
    }
    await expect.poll(rates, { timeout: 20_000 }).toContain(2)
    await page.locator('#codec').selectOption('video/H264')
    expect(await page.locator('#layers').inputValue()).toBe('automatic')
    await page.locator('#stop').click()
    await page.locator('html[data-state=idle]').waitFor()
    await page.context().close()
  })

  it('tell about a stream', async () => {
    const page = await open('/status/demo')
    await page.locator('html[data-state=live]').waitFor({ timeout: 20_000 })
    await expect
      .poll(() => page.locator('main').textContent(), { timeout: 15_000 })
      .toContain('H264')
    await page.context().close()
  })
})
