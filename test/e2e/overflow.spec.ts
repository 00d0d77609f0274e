import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { chromiumUnavailable, launchChromium } from '#test/support/chromium.ts'
import { clockGeometry } from '#test/support/clock-reader.ts'
import { MediaPage } from '#test/support/media-page.ts'
import { ServerProcess } from '#test/support/server-process.ts'

const missing = chromiumUnavailable()
const clock = clockGeometry(640, 360)

describe('two nodes, of which one sends on what it cannot take (RFC 9725 §4.5)', () => {
  let other: ServerProcess
  let node: ServerProcess
  let opened: AsyncDisposableStack

  beforeEach(async ({ skip }) => {
    if (missing) skip(missing)
    opened = new AsyncDisposableStack()
    other = await ServerProcess.start({})
    opened.defer(async () => void (await other.stop()))
    node = await ServerProcess.start({
      env: { TAILRACE_OVERFLOW_URL: other.origin, TAILRACE_MAX_PUBLISHERS: '1' },
    })
    opened.defer(async () => void (await node.stop()))
  })
  afterEach(async () => {
    await opened?.disposeAsync()
  })

  it('a full one: Chromium publishes to the other, and ends its session there', async () => {
    const browser = await launchChromium()
    opened.defer(() => browser.close())
    const page = await MediaPage.open(browser)
    opened.defer(() => page.close())
    const publish = (stream: string) =>
      page.publish({ url: `${node.whip(stream)}?token=${node.key}`, codec: 'VP8', clock })
    const [first, second] = [await publish('one'), await publish('two')]
    await Promise.all([first.sending(), second.sending()])
    expect((await first.report()).session).toContain(node.origin)
    expect((await second.report()).session).toContain(other.origin)
    await expect
      .poll(() => other.status('two'), { timeout: 10_000 })
      .toMatchObject({ state: 'live' })
    await second.close()
    await first.close()
  })

  it('a stopping one, for as long as clients come back after its goodbye', async () => {
    const stopped = node.stop()
    const post = async () => {
      const url = `${node.whip('main')}?token=a`
      const response = await fetch(url, { method: 'POST', redirect: 'manual' })
      await response.arrayBuffer()
      return `${response.status} ${response.headers.get('location')}`
    }
    // Until the signal has come through, it is 401.
    const sentOn = `307 ${other.whip('main')}?token=a&hop=1`
    await expect.poll(post, { timeout: 5000, interval: 10 }).toBe(sentOn)
    expect(await stopped).toMatchObject({ code: 0, signal: undefined })
  })
})
