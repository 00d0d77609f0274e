import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '#test/native/until.ts'
import { clockGeometry } from '#test/support/clock-reader.ts'
import { Stage, stageUnavailable } from '#test/support/stage.ts'

describe('a network that lets no UDP through (ICE-TCP)', () => {
  let stage: Stage | undefined
  beforeEach(({ skip }) => {
    const missing = stageUnavailable({ line: true })
    if (missing) skip(missing)
  })
  afterEach(async () => {
    await stage?.close()
    stage = undefined
  })

  it.each(['auto', 'off'])(
    'shows a viewer pictures and sound, native %s',
    async (native) => {
      stage = await Stage.open({
        line: { delayMs: 10, noUdp: true },
        env: { TAILRACE_NATIVE: native },
      })
      await stage.obs('tcp')
      const viewing = await stage.view('tcp')
      await viewing.firstFrame(30_000)
      const report = await viewing.moreFrames(45)
      expect(report.transport).toBe('tcp')
      expect(report.framesDecoded).toBeGreaterThan(40)
      await viewing.sound()
      const { toNear } = await stage.line!.counters()
      expect(toNear.lost).toBeGreaterThan(0)
    },
    120_000,
  )

  it('carries a publisher that is a browser', async () => {
    stage = await Stage.open({ line: { delayMs: 10, noUdp: true } })
    const clock = clockGeometry(640, 360)
    const publication = await stage.publish('browser', { codec: 'VP8', clock })
    await publication.sending()
    const viewing = await stage.view('browser')
    await viewing.firstFrame(30_000)
    const report = await viewing.moreFrames(45)
    expect(report).toMatchObject({ transport: 'tcp', codec: 'video/VP8' })
    expect(report.framesDecoded).toBeGreaterThan(40)
  }, 120_000)

  it('that is too slow for the stream shows what comes, one keyframe after another', async () => {
    stage = await Stage.open({ line: { delayMs: 10, noUdp: true } })
    await stage.obs('slow')
    const viewing = await stage.view('slow')
    await viewing.firstFrame(30_000)
    const { server, line } = stage
    const replays = async () => {
      return (await server.metrics()).get('tailrace_replays_total{cause="congestion"}') ?? 0
    }
    expect(await replays()).toBe(0)
    // Less than half of the stream.
    line!.setBoth({ delayMs: 10, noUdp: true, rateMbps: 0.5 })
    await until(async () => (await replays()) > 0, 60_000)
    line!.setBoth({ delayMs: 10, noUdp: true })
    const report = await viewing.moreFrames(60, 60_000)
    expect(report).toMatchObject({ state: 'connected', transport: 'tcp' })
  }, 180_000)

  it('is no reason to leave UDP where there is some', async () => {
    stage = await Stage.open({ line: { delayMs: 10 } })
    await stage.obs('udp')
    const viewing = await stage.view('udp')
    await viewing.firstFrame()
    const report = await viewing.moreFrames(30)
    expect(report.transport).toBe('udp')
  }, 60_000)
})
