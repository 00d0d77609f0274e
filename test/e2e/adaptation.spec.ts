import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AdaptationRig, wall } from '#test/support/adaptation-rig.ts'
import { chromiumUnavailable } from '#test/support/chromium.ts'
import { median } from '#test/support/median.ts'
import { type SampledViewer, sizesOf } from '#test/support/sampled-viewer.ts'
import { long } from '#test/support/stage.ts'
import { vethUnavailable } from '#test/support/veth-star.ts'

/** 4 Mbit/s at 720 lines, 900 kbit/s at 360, 300 kbit/s at 180; a keyframe every 2 s. */
const layers = { bitrates: [4000, 900, 300], keyframeInterval: 50 }
const [large, , small] = [720, 360, 180]
/** How long a line of one rate is watched, in ms. */
const steady = long ? 120_000 : 20_000
const limit = 120_000 + 4 * steady
/** What a picture may stand still, in ms. */
const freeze = 500

let rig: AdaptationRig | undefined
beforeEach(({ skip }) => {
  const missing = chromiumUnavailable() ?? vethUnavailable()
  if (missing) skip(missing)
})
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stdout.write(`${rig?.story()}\n`)
  await rig?.close()
  rig = undefined
}, 30_000)

const height = (viewer: SampledViewer) => viewer.pictures.at(-1)?.height

/** Waits until each viewer has the largest picture, and a while longer. */
async function settled(opened: AdaptationRig): Promise<void> {
  const all = () => opened.viewers.every((viewer) => height(viewer) === large)
  expect(await opened.until(all, 20_000), 'the largest picture').toBe(true)
  await opened.watch(3000)
}

describe('a link whose rate goes 8 → 1 → 8 Mbit/s', () => {
  it(
    'has smaller pictures within a second, larger ones within ten, and no freeze',
    async () => {
      rig = await AdaptationRig.open({ ...layers, viewers: 1, mbps: 8 })
      const viewer = rig.viewers[0]!
      await settled(rig)

      const narrow = await rig.limit(0, 1)
      await rig.watch(steady)
      const down = viewer.pictures.find(({ at, height: lines }) => at > narrow && lines < large)
      const wide = await rig.limit(0, 8)
      await rig.until(() => height(viewer) === large, 15_000)
      const up = viewer.pictures.find(({ at, height: lines }) => at > wide && lines === large)
      await rig.watch(3000)

      const shown = viewer.between(narrow, wide)
      const calm = viewer.between(narrow + 5000, wide)
      const estimates = rig.estimates(0, narrow + 5000, wide)
      process.stdout.write(
        `8 → 1 → 8 Mbit/s: down after ${((down?.at ?? NaN) - narrow).toFixed(0)} ms, ` +
          `up after ${((up?.at ?? NaN) - wide).toFixed(0)} ms, longest freeze ` +
          `${viewer.longestGap(narrow, wide).toFixed(0)} ms down, ` +
          `${viewer.longestGap(wide).toFixed(0)} ms up; lines ${sizesOf(shown)}; ` +
          `estimate at 1 Mbit/s ${(median(estimates) / 1e6).toFixed(2)} Mbit/s\n`,
      )
      expect(down!.at - narrow).toBeLessThan(1000)
      expect(viewer.longestGap(narrow, wide)).toBeLessThan(freeze)
      expect(sizesOf(calm)).toHaveLength(1)
      expect(median(estimates)).toBeGreaterThan(0.8e6)
      expect(median(estimates)).toBeLessThan(1.2e6)
      expect(up!.at - wide).toBeLessThan(10_000)
      expect(viewer.longestGap(wide)).toBeLessThan(freeze)
    },
    limit,
  )
})

describe('a link of one rate between two layers', () => {
  it.each([0.6, 2.5])(
    'of %d Mbit/s keeps to one of them',
    async (mbps) => {
      rig = await AdaptationRig.open({ ...layers, viewers: 1, mbps })
      const viewer = rig.viewers[0]!
      await rig.watch(10_000)
      const from = wall()
      await rig.watch(steady)
      const shown = viewer.between(from)
      const estimates = rig.estimates(0, from, Number.POSITIVE_INFINITY)
      process.stdout.write(
        `${mbps} Mbit/s: lines ${sizesOf(viewer.pictures)}, then ${sizesOf(shown)} for ` +
          `${steady / 1000} s; longest freeze ${viewer.longestGap(from).toFixed(0)} ms, ` +
          `estimate ${(median(estimates) / 1e6).toFixed(2)} Mbit/s\n`,
      )
      expect(sizesOf(shown)).toEqual([mbps > 1 ? large / 2 : small])
      expect(viewer.longestGap(from)).toBeLessThan(freeze)
      expect(median(estimates) / (mbps * 1e6)).toBeGreaterThan(0.8)
      expect(median(estimates) / (mbps * 1e6)).toBeLessThan(1.2)
    },
    limit,
  )
})

describe('two viewers on links of their own', () => {
  it(
    'do not affect each other',
    async () => {
      rig = await AdaptationRig.open({ ...layers, viewers: 2, mbps: 8 })
      const [changed, other] = rig.viewers as [SampledViewer, SampledViewer]
      await settled(rig)
      const narrow = await rig.limit(0, 1)
      await rig.watch(10_000)
      const wide = await rig.limit(0, 8)
      expect(await rig.until(() => height(changed) === large, 15_000)).toBe(true)

      const shown = other.between(narrow)
      process.stdout.write(
        `two links: lines ${sizesOf(changed.between(narrow, wide))} on the one, ` +
          `${sizesOf(shown)} on the other, whose longest freeze is ${other.longestGap(narrow).toFixed(0)} ms\n`,
      )
      expect(sizesOf(shown)).toEqual([large])
      expect(other.longestGap(narrow)).toBeLessThan(freeze)
      expect(sizesOf(changed.between(narrow, wide)).at(-1)).toBeLessThan(large)
    },
    limit,
  )
})
