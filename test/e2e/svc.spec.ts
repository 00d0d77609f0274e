import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { clockGeometry } from '#test/support/clock-reader.ts'
import { LayeredPublishing, LayeredViewing, type Seen } from '#test/support/layered-page.ts'
import { long, Stage, stageUnavailable } from '#test/support/stage.ts'

const clock = clockGeometry(640, 360)
const framesPerSecond = 20
/** How often a layer is chosen and left. */
const turns = long ? 2 : 1
/** For what the server tells of the layers. */
const patience = { timeout: 15_000, interval: 100 }
/**
 * A picture drawn while it changes may read as none, and a packet be lost where the machine stood
 * still; a layer left out wrongly spoils all that follows, as nothing asks for a keyframe.
 */
const isWhole = ({ unreadable, packetsLost }: Seen) => unreadable === 0 && packetsLost === 0
const descriptorUri =
  'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension'

interface Point {
  readonly spatialId: number
  readonly temporalId: number
  readonly width: number
  readonly bitrate: number
  readonly framesPerSecond: number
}

describe('an encoding of several layers by Chromium', () => {
  const missing = stageUnavailable()
  let stage: Stage

  beforeAll(async () => {
    if (missing) return
    stage = await Stage.open()
    await stage.page.call('extend', '/layered.js')
  })
  beforeEach(({ skip }) => {
    if (missing) skip(missing)
  })
  afterAll(() => stage?.close())

  async function open(codec: 'VP9' | 'AV1', scalabilityMode: string) {
    const stream = `${codec}-${scalabilityMode}`.toLowerCase()
    const encodings = [{ scalabilityMode, maxBitrate: 800_000 }]
    const options = { codec, clock, framesPerSecond, encodings }
    const publishing = await LayeredPublishing.open(stage, stream, options)
    const viewing = await LayeredViewing.open(stage.page, { url: stage.server.whep(stream), clock })
    await viewing.firstFrame()
    const points = async () => {
      const { layers = [] } = await stage.server.status(stream)
      return layers as readonly Point[]
    }
    const close = async () => {
      await viewing.close()
      await publishing.close()
    }
    return { publishing, viewing, points, close }
  }

  /** Sees pictures until they are of this kind, for a few seconds. */
  async function until(
    viewing: LayeredViewing,
    wanted: (seen: Seen) => boolean,
    pictures = 12,
  ): Promise<Seen> {
    for (let looks = 0; looks < 12; looks++) {
      const seen = await viewing.over(pictures)
      if (wanted(seen)) return seen
    }
    throw new Error('the choice of a layer did not show')
  }

  it.each(['VP9', 'AV1'] as const)(
    'of %s is shown at a quarter of its rate, and whole again',
    async (codec) => {
      const { publishing, viewing, points, close } = await open(codec, 'L1T3')
      expect(await publishing.answer()).toContain(descriptorUri)
      await until(viewing, (seen) => seen.framesPerSecond > framesPerSecond / 2)
      await expect
        .poll(async () => (await points()).map(({ temporalId }) => temporalId), patience)
        .toEqual([0, 1, 2])
      // Each with those below it, once enough has been measured.
      const rises = async () => {
        const rates = (await points()).map(({ bitrate }) => bitrate)
        return rates.every((rate, i) => i === 0 || rate > rates[i - 1]!)
      }
      await expect.poll(rises, patience).toBe(true)
      const start = await viewing.report()
      for (let turn = 0; turn < turns; turn++) {
        expect(await viewing.select({ mediaId: '1', temporalLayerId: 0 })).toBe(200)
        await until(viewing, (seen) => isWhole(seen) && seen.framesPerSecond < framesPerSecond / 3)
        expect(await viewing.select({ mediaId: '1' })).toBe(200)
        await until(viewing, (seen) => isWhole(seen) && seen.framesPerSecond > framesPerSecond / 2)
      }
      const end = await viewing.report()
      expect(end.pliCount - start.pliCount).toBe(0)
      // What is left out leaves no gap to ask for.
      expect(end.nackCount).toBeLessThan(5)
      await close()
    },
    60_000,
  )

  it('of VP9 is shown at half its size, and whole again', async () => {
    const { viewing, points, close } = await open('VP9', 'L3T3_KEY')
    await until(viewing, ({ widths }) => widths.includes(640) && widths.length === 1)
    const start = await viewing.report()
    await expect
      .poll(async () => (await points())[0], patience)
      .toMatchObject({ spatialId: 0, temporalId: 0, width: 320 })
    for (let turn = 0; turn < turns; turn++) {
      expect(await viewing.select({ mediaId: '1', spatialLayerId: 0 })).toBe(200)
      const half = await until(viewing, (seen) => isWhole(seen) && !seen.widths.includes(640))
      expect(half).toMatchObject({ widths: [320] })
      expect(await viewing.select({ mediaId: '1' })).toBe(200)
      const whole = await until(viewing, (seen) => isWhole(seen) && !seen.widths.includes(320))
      expect(whole).toMatchObject({ widths: [640] })
    }
    const end = await viewing.report()
    expect(end.nackCount).toBeLessThan(5)
    // A way down now and then leaves Chromium without a picture until it asks for one.
    expect(end.pliCount - start.pliCount).toBeLessThanOrEqual(turns)
    await close()
  }, 60_000)

  it('of AV1 in several sizes is shown in its smallest', async () => {
    const { viewing, points, close } = await open('AV1', 'L2T2')
    const seen = await until(viewing, isWhole, 3 * framesPerSecond)
    expect(seen).toMatchObject({ widths: [320], pliCount: 0 })
    const told = async () =>
      (await points()).map(({ spatialId, temporalId }) => [spatialId, temporalId])
    await expect.poll(told, patience).toEqual([
      [0, 0],
      [0, 1],
    ])
    await close()
  }, 60_000)
})
