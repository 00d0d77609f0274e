import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { allowed, long, Stage, stageUnavailable } from '#test/support/stage.ts'

/** Joins for each rate of loss. */
const joins = long ? 20 : 5
/** How long 1 % of loss is watched, in pictures at 30 a second. */
const pictures = 30 * (long ? 60 : 10)

describe('a line that loses packets both ways', () => {
  let stage: Stage | undefined
  beforeEach(({ skip }) => {
    const missing = stageUnavailable({ line: true })
    if (missing) skip(missing)
  })
  afterEach(async () => {
    await stage?.close()
    stage = undefined
  })

  it.each([5, 10])(
    'at %i percent lets every join complete',
    async (percent) => {
      stage = await Stage.open({ line: { delayMs: 10, loss: percent / 100 }, seed: percent })
      await stage.obs('loss')
      for (let join = 0; join < joins; join++) {
        const viewing = await stage.view('loss')
        await viewing.firstFrame(30_000)
        const report = await viewing.moreFrames(15, 30_000)
        expect(report.framesDecoded).toBeGreaterThan(10)
        await viewing.close()
      }
      const { toFar, toNear } = await stage.line!.counters()
      expect(toFar.lost).toBeGreaterThan(0)
      expect(toNear.lost).toBeGreaterThan(0)
    },
    600_000,
  )

  it('at 1 % is repaired without a freeze over 500 ms', async () => {
    stage = await Stage.open({ line: { delayMs: 10, loss: 0.01 } })
    const publisher = await stage.obs('loss')
    const { clock } = stage.media
    const viewing = await stage.view('loss', { clock, scale: publisher.clock })
    await viewing.firstFrame()
    await viewing.live(20_000)
    const before = await viewing.report()
    await viewing.mark()
    const after = await viewing.moreFrames(pictures, pictures * 100)
    const { toFar } = await stage.line!.counters()
    process.stdout.write(
      `1 % of loss: ${toFar.lost} lost on the line, ${after.nackCount} NACKs, ` +
        `longest freeze ${after.longestFreeze.toFixed(0)} ms, ${after.freezeCount} freezes\n`,
    )
    expect(toFar.lost).toBeGreaterThan(10)
    expect(after.nackCount).toBeGreaterThan(before.nackCount)
    expect(after.longestFreeze).toBeLessThan(allowed(500))
    // A picture drawn while it changes may read as none; damage lasts until the next keyframe.
    expect(after.unreadable).toBeLessThan(allowed(3))
  }, 180_000)
})
