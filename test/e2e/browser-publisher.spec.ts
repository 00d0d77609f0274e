import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { clockGeometry } from '#test/support/clock-reader.ts'
import type { Viewing } from '#test/support/media-page.ts'
import { Stage, stageUnavailable } from '#test/support/stage.ts'

const clock = clockGeometry(640, 360)

describe('a stream that Chromium publishes', () => {
  let stage: Stage
  const missing = stageUnavailable()

  beforeAll(async () => {
    if (!missing) stage = await Stage.open()
  })
  beforeEach(({ skip }) => {
    if (missing) skip(missing)
  })
  afterAll(async () => {
    await stage?.close()
  })

  it.each(['VP8', 'H264', 'VP9', 'AV1'] as const)(
    'in %s is decoded and heard by Chromium, early and late',
    async (codec) => {
      const stream = codec.toLowerCase()
      const publication = await stage.publish(stream, { codec, clock })
      await publication.sending()
      const scale = await stage.page.clockScale()
      const early = await stage.view(stream, { clock, scale, liveAge: 1000 })
      await early.firstFrame()
      await early.moreFrames(30)
      // By now the first keyframe is long past.
      const late = await stage.view(stream, { clock, scale, liveAge: 1000 })
      await late.firstFrame()
      await late.live()
      const expectToPlay = async (viewing: Viewing) => {
        const report = await viewing.moreFrames(30)
        expect(report.codec).toBe(`video/${codec}`)
        expect(report.framesDecoded).toBeGreaterThan(25)
        expect(report.width / report.height).toBeCloseTo(640 / 360)
        expect(report.number).toBeDefined()
        const heard = await viewing.sound()
        expect(heard.audioLevel).toBeGreaterThan(0)
        await viewing.close()
      }
      await Promise.all([early, late].map(expectToPlay))
      expect(await publication.report()).toMatchObject({ codec: `video/${codec}` })
      await publication.close()
    },
    60_000,
  )
})
