import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Child, run } from '#test/support/child.ts'
import { chromiumUnavailable, launchChromium } from '#test/support/chromium.ts'
import { type Media, makeMedia } from '#test/support/ffmpeg-media.ts'
import { LibdatachannelPublisher } from '#test/support/libdatachannel-publisher.ts'
import { MediaPage, Viewing } from '#test/support/media-page.ts'
import { NetworkPair, netnsUnavailable } from '#test/support/netns.ts'

const echoProgram = join(import.meta.dirname, '..', 'support', 'netns-echo.ts')
const missing = chromiumUnavailable()

describe('the instruments of the end-to-end tests, without a server between them', () => {
  let browser: Browser
  let page: MediaPage
  let media: Media
  let endpoint: Server

  beforeAll(async () => {
    if (missing) return
    media = await makeMedia()
    browser = await launchChromium()
    page = await MediaPage.open(browser)
  })

  afterAll(async () => {
    endpoint?.close()
    await page?.close()
    await browser?.close()
  })

  it('read the clock and hear the tone that libdatachannel sends', async ({ skip }) => {
    if (missing) skip(missing)
    const answered = Promise.withResolvers<Viewing>()
    const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      // Active, the publisher begins the handshake, and not before it has the answer.
      const offer = (await text(request)).replaceAll('setup:actpass', 'setup:active')
      const options = { clock: media.clock }
      const { id, sdp } = await page.call<{ id: number; sdp: string }>('answer', offer, options)
      answered.resolve(new Viewing(page, id))
      response.writeHead(201, { location: '/session' }).end(sdp)
    }
    endpoint = createServer((request, response) => void answer(request, response))
    endpoint.listen(0, '127.0.0.1')
    await once(endpoint, 'listening')
    const { port } = endpoint.address() as AddressInfo
    const publisher = await LibdatachannelPublisher.start({
      url: `http://127.0.0.1:${port}/whip`,
      media,
      candidates: true,
    })
    const viewing = await answered.promise
    await viewing.firstFrame()
    await viewing.setScale(publisher.clock)
    await viewing.mark()
    await viewing.moreFrames(60)
    const age = async () => (await viewing.report()).age
    await expect.poll(age, { timeout: 10_000, interval: 100 }).toBeLessThan(1000)
    const report = await viewing.report()
    expect(report).toMatchObject({ width: media.clock.width })
    expect(report.unreadable).toBeLessThan(3)
    expect(report.framesDecoded).toBeGreaterThan(50)
    await viewing.sound()
    expect(await publisher.counters()).toMatchObject({ state: 'connected' })
    await publisher.stop()
  })

  it('delay and lose what they are told to', async ({ skip }) => {
    const without = netnsUnavailable()
    if (without) skip(without)
    const pair = await NetworkPair.make({ seed: 7 })
    const port = Promise.withResolvers<string>()
    try {
      const { near, far } = pair
      const echo = new Child(process.execPath, [echoProgram, far.address], {
        namespace: far.namespace,
        onLine: (line) => port.resolve(line),
      })
      const address = [far.address, await echo.expect(port.promise, 10_000, 'the echo')]
      const send = async (count: number, gap: number): Promise<number[]> => {
        const args = [echoProgram, ...address, String(count), String(gap)]
        return JSON.parse(await run(process.execPath, args, { namespace: near.namespace }))
      }
      pair.setBoth({ delayMs: 25 })
      const delayed = await send(20, 5)
      expect(delayed).toHaveLength(20)
      expect(Math.min(...delayed)).toBeGreaterThan(50)
      expect(Math.min(...delayed)).toBeLessThan(60)
      pair.set('to-far', { loss: 0.1 })
      pair.set('to-near', {})
      const kept = await send(1000, 1)
      const { toFar } = await pair.counters()
      // 1000 datagrams at 10 %: six standard deviations to either side.
      expect(toFar.lost).toBeGreaterThan(43)
      expect(toFar.lost).toBeLessThan(157)
      expect(kept).toHaveLength(1000 - toFar.lost)
      await echo.stop()
    } finally {
      await pair.close()
    }
  })
})
