import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { clockGeometry } from '#test/support/clock-reader.ts'
import { Stage, stageUnavailable } from '#test/support/stage.ts'

const wide = clockGeometry(640, 360)
const square = clockGeometry(480, 480)

describe('a publisher that drops and returns', () => {
  const missing = stageUnavailable()
  let stage: Stage
  beforeAll(async () => {
    if (!missing) stage = await Stage.open()
  })
  beforeEach(({ skip }) => {
    if (missing) skip(missing)
  })
  afterAll(async () => {
    await stage?.close()
  })

  it.each([
    { how: 'by DELETE and close', leave: 'delete' },
    { how: 'by close', leave: 'close' },
    { how: 'without a word', leave: 'vanish' },
  ] as const)(
    '$how leaves its viewers in their session, and plays for them again',
    async ({ leave }) => {
      const stream = `return-${leave}`
      const first = await stage.obs(stream)
      const { clock } = stage.media
      const viewing = await stage.view(stream, { clock, scale: first.clock })
      await viewing.live()
      const before = await viewing.report()
      if (leave === 'vanish') await first.vanish()
      else await first.stop(leave)
      const second = await stage.obs(stream)
      await viewing.setScale(second.clock)
      await viewing.moreFrames(60)
      const age = async () => (await viewing.report()).age
      await expect.poll(age, { timeout: 10_000, interval: 100 }).toBeLessThan(1000)
      const after = await viewing.report()
      expect(after.state).toBe('connected')
      expect(after.session).toBe(before.session)
      const heard = await viewing.sound()
      expect(heard.audioPackets).toBeGreaterThan(before.audioPackets)
      await viewing.close()
      await second.vanish()
    },
    60_000,
  )

  it('in Chromium with another size plays on for its viewers', async () => {
    const first = await stage.publish('sizes', { codec: 'H264', clock: wide })
    await first.sending()
    const viewing = await stage.view('sizes')
    await viewing.firstFrame()
    await viewing.moreFrames(15)
    await first.close()
    const second = await stage.publish('sizes', { codec: 'H264', clock: square })
    await second.sending()
    // The encoder scales the picture to what the machine can do, and keeps its shape.
    const after = await viewing.moreFrames(30, 15_000, { aspectRatio: 1 })
    expect(after.state).toBe('connected')
    await viewing.sound()
    await viewing.close()
    await second.close()
  }, 60_000)

  it('in Chromium with another codec plays on for its viewers, and for those who join then', async () => {
    const first = await stage.publish('codecs', { codec: 'VP8', clock: wide })
    await first.sending()
    const viewing = await stage.view('codecs')
    await viewing.firstFrame()
    await first.close()
    const second = await stage.publish('codecs', { codec: 'H264', clock: square })
    await second.sending()
    const late = await stage.view('codecs')
    await late.firstFrame()
    for (const each of [viewing, late]) {
      const report = await each.moreFrames(30, 15_000, { aspectRatio: 1 })
      expect(report).toMatchObject({ state: 'connected', codec: 'video/H264' })
      await each.close()
    }
    await second.close()
  }, 60_000)
})
