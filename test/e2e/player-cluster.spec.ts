import type { Page } from 'playwright-core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { clusterUnavailable } from '#test/support/cluster-settings.ts'
import { ClusterStage } from '#test/support/cluster-stage.ts'
import type { ServerProcess } from '#test/support/server-process.ts'
import { allowed } from '#test/support/stage.ts'
import { WatchingPage } from '#test/support/watching-pages.ts'

const patience = { timeout: 15_000, interval: 20 }

describe('the watch page in a cluster', { timeout: 90_000 }, () => {
  let stage: ClusterStage | undefined
  let faults: string[] = []
  beforeEach(({ skip }) => {
    const missing = clusterUnavailable()
    if (missing) skip(missing)
  })
  afterEach(async () => {
    await stage?.close()
    stage = undefined
    const found = faults
    faults = []
    expect(found).toEqual([])
  })

  /** @param delay ms that every answer to a measurement of the first edge takes more */
  async function open(delay = 0): Promise<[Page, ServerProcess, ServerProcess]> {
    stage = await ClusterStage.open()
    const ingest = await stage.node('ingest', ['ingest', 'relay'])
    const here = await stage.node('here', ['edge'])
    const there = await stage.node('there', ['edge'])
    await stage.obs(ingest, 'far')
    await expect.poll(() => knownTo(here), patience).toBe(3)
    const page = await stage.browser.newPage()
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) faults.push(message.text())
    })
    page.on('pageerror', ({ message }) => faults.push(message))
    await page.route(`${here.origin}/healthz`, async (route) => {
      await page.waitForTimeout(delay)
      await route.continue()
    })
    await page.goto(`${here.origin}/watch/far`)
    await expect.poll(() => state(page), patience).toBe('live')
    if (delay === 0) await expect.poll(() => viewersAt(here), patience).toBe(1)
    return [page, here, there]
  }
  const knownTo = async (node: ServerProcess) =>
    (await node.metrics()).get('tailrace_cluster_nodes')
  const state = (page: Page) => page.evaluate('document.documentElement.dataset.state')
  const viewersAt = async (node: ServerProcess) =>
    (await node.metrics()).get('tailrace_viewers{tenant="default"}') ?? 0
  /** Frames shown by the video element, of all its streams. */
  const moves = async (page: Page) => {
    const shown = 'document.querySelector("video").currentTime'
    const before = await page.evaluate(shown)
    await page.waitForTimeout(300)
    return (await page.evaluate(shown)) !== before
  }

  it('goes where a stopping node sends it, and the node has no viewer when it ends', async () => {
    const [page, here, there] = await open()
    const watching = await WatchingPage.of(page)
    await watching.mark()
    const exit = await here.stop(allowed(12_000))
    expect(exit).toMatchObject({ code: 0, signal: undefined })
    expect(exit.afterMs).toBeLessThan(allowed(8000))
    await expect.poll(() => viewersAt(there), patience).toBe(1)
    await expect.poll(() => state(page), patience).toBe('live')
    await expect.poll(() => moves(page), patience).toBe(true)
    // It plays there before it leaves, so its viewer sees nothing of it.
    const { freeze, notLive } = await watching.report()
    process.stdout.write(`moved with a longest freeze of ${freeze.toFixed(0)} ms\n`)
    expect(notLive).toBe(0)
    expect(freeze).toBeLessThan(allowed(1000))
  })

  it('goes to the edge of the shortest round trip', async () => {
    const [page, here, there] = await open(300)
    await expect.poll(() => viewersAt(there), patience).toBe(1)
    await expect.poll(() => viewersAt(here), patience).toBe(0)
    await expect.poll(() => state(page), patience).toBe('live')
    await expect.poll(() => moves(page), patience).toBe(true)
  })

  it('plays elsewhere within 5 s of the death of its node', async () => {
    const [page, here, there] = await open()
    process.kill(here.pid, 'SIGKILL')
    const diedAt = performance.now()
    await expect.poll(() => viewersAt(there), patience).toBe(1)
    await expect.poll(() => state(page), patience).toBe('live')
    await expect.poll(() => moves(page), patience).toBe(true)
    expect(performance.now() - diedAt).toBeLessThan(allowed(5000))
  })
})
