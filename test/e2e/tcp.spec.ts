import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { until } from '#test/native/until.ts'
import { clockGeometry } from '#test/support/clock-reader.ts'
import { Stage, stageUnavailable } from '#test/support/stage.ts'

const missing = stageUnavailable({ line: true })
beforeEach(({ skip }) => {
  if (missing) skip(missing)
})

async function expectPicturesAndSound(stage: Stage): Promise<void> {
  await stage.obs('tcp')
  const viewing = await stage.view('tcp')
  await viewing.firstFrame(30_000)
  const report = await viewing.moreFrames(45)
  expect(report.transport).toBe('tcp')
  expect(report.framesDecoded).toBeGreaterThan(40)
  await viewing.sound()
  const { toNear } = await stage.line!.counters()
  expect(toNear.lost).toBeGreaterThan(0)
  await viewing.close()
}

describe('a network that lets no UDP through (ICE-TCP)', () => {
  const noUdp = { delayMs: 10, noUdp: true }
  let stage: Stage
  beforeAll(async () => {
    if (!missing) stage = await Stage.open({ line: noUdp, env: { TAILRACE_NATIVE: 'auto' } })
  })
  afterAll(async () => {
    await stage?.close()
  })

  it('shows a viewer pictures and sound, native auto', () => expectPicturesAndSound(stage), 60_000)

  it('shows a viewer pictures and sound, native off', async () => {
    const other = await Stage.open({ line: noUdp, env: { TAILRACE_NATIVE: 'off' } })
    try {
      await expectPicturesAndSound(other)
    } finally {
      await other.close()
    }
  }, 120_000)

  it('carries a publisher that is a browser', async () => {
    const clock = clockGeometry(640, 360)
    const publication = await stage.publish('browser', { codec: 'VP8', clock })
    await publication.sending()
    const viewing = await stage.view('browser')
    await viewing.firstFrame(30_000)
    const report = await viewing.moreFrames(45)
    expect(report).toMatchObject({ transport: 'tcp', codec: 'video/VP8' })
    expect(report.framesDecoded).toBeGreaterThan(40)
    await viewing.close()
    await publication.close()
  }, 120_000)

  it('that is too slow for the stream shows what comes, one keyframe after another', async () => {
    await stage.obs('slow')
    const viewing = await stage.view('slow')
    await viewing.firstFrame(30_000)
    const { server, line } = stage
    const replays = async () => {
      return (await server.metrics()).get('tailrace_replays_total{cause="congestion"}') ?? 0
    }
    const before = await replays()
    // Less than half of the stream.
    line!.setBoth({ ...noUdp, rateMbps: 0.5 })
    await until(async () => (await replays()) > before, 60_000)
    line!.setBoth(noUdp)
    const report = await viewing.moreFrames(60, 60_000)
    expect(report).toMatchObject({ state: 'connected', transport: 'tcp' })
    await viewing.close()
  }, 180_000)
})

describe('a network that lets UDP through', () => {
  it('is no place for TCP', async () => {
    const stage = await Stage.open({ line: { delayMs: 10 } })
    try {
      await stage.obs('udp')
      const viewing = await stage.view('udp')
      await viewing.firstFrame()
      const report = await viewing.moreFrames(30)
      expect(report.transport).toBe('udp')
    } finally {
      await stage.close()
    }
  }, 60_000)
})
