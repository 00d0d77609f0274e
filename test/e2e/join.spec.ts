import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { describeJoins, type JoinSample, measureJoins } from '#test/support/join-measurement.ts'
import { long, Stage, stageUnavailable } from '#test/support/stage.ts'

/** Of the short form: with the pauses between them they span a GOP, and more. */
const joinsOf = { loopback: 12, line: 8 }
/** A join this long before the next keyframe that shows a picture later has waited for it. */
const clearOfKeyframe = 2500

/** Neither can be asserted in time on a shared machine: `npm run bench` holds the figures. */
function expectEveryPicture(samples: readonly JoinSample[], joins: number): void {
  expect(samples).toHaveLength(joins)
  const early = samples.filter(({ nextKeyframe }) => nextKeyframe > clearOfKeyframe)
  expect(early.length).toBeGreaterThan(joins / 4)
  expect(early.filter(({ firstFrame, nextKeyframe }) => firstFrame > nextKeyframe)).toEqual([])
}

describe('a join with 8.33 s between keyframes and a publisher that ignores PLI', () => {
  let stage: Stage | undefined
  beforeEach(({ skip }) => {
    const missing = stageUnavailable()
    if (missing) skip(missing)
  })
  afterEach(async () => {
    await stage?.close()
    stage = undefined
  })

  it('shows a picture at once on loopback, wherever in the GOP it falls', async () => {
    stage = await Stage.open()
    const publisher = await stage.obs('join')
    const joins = long ? 100 : joinsOf.loopback
    const options = { stream: 'join', joins, media: stage.media, scale: publisher.clock }
    const samples = await measureJoins(stage, options)
    process.stdout.write(`joins on loopback:\n${describeJoins(samples)}\n`)
    expectEveryPicture(samples, joins)
    // The premise: the publisher was asked for nothing it could not answer, or ignored it.
    expect(await publisher.counters()).toMatchObject({ state: 'connected' })
  }, 300_000)

  it('shows a picture at once over 50 ms of round trip and 1 % of loss', async ({ skip }) => {
    const missing = stageUnavailable({ line: true })
    if (missing) skip(missing)
    stage = await Stage.open({ line: { delayMs: 25, loss: 0.01 } })
    const publisher = await stage.obs('join')
    const joins = long ? 100 : joinsOf.line
    const options = { stream: 'join', joins, media: stage.media, scale: publisher.clock }
    const samples = await measureJoins(stage, { ...options, liveAge: 400 })
    process.stdout.write(`joins at 50 ms RTT, 1 % loss:\n${describeJoins(samples)}\n`)
    expectEveryPicture(samples, joins)
  }, 300_000)
})
