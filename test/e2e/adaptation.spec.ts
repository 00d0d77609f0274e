import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AdaptationRig, wall } from '#test/support/adaptation-rig.ts'
import { chromiumUnavailable } from '#test/support/chromium.ts'
import { median } from '#test/support/median.ts'
import { type SampledViewer, sizesOf } from '#test/support/sampled-viewer.ts'
import { long } from '#test/support/stage.ts'
import { vethUnavailable } from '#test/support/veth-star.ts'

/** Kbit/s of 720, 360 and 180 lines; a keyframe every 2 s. */
const layers = { bitrates: [2500, 900, 300], keyframeInterval: 50 }
const [large, middle, small] = [720, 360, 180]
/** Mbit/s of the sound, headers included: no part of the estimate. */
const sound = 0.12
/** How long a line of one rate is watched, in ms. */
const steady = long ? 120_000 : 12_000
const limit = 120_000 + 4 * steady
/**
 * What is promised, and what a busy machine may make of it: the short form shows that the way down
 * and up is found, the long one how fast. Ms, and parts of what a link has for the picture.
 */
const promised = { freeze: 500, down: 1000, up: 10_000, least: 0.8, most: 1.2 }
const busy = { freeze: 2000, down: 3000, up: 25_000, least: 0.5, most: 1.6 }
const bounds = long ? promised : busy
const { freeze } = bounds
/**
 * Sizes that may be shown one after the other at one rate, from the right one on. To and fro at the
 * pace of the controller would be many; a machine that stands still may cost one way down and up.
 */
const sizes = long ? 1 : 3

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

/** Waits until each viewer has had the largest picture, and no other, for three seconds. */
async function settled(opened: AdaptationRig): Promise<void> {
  const isSettled = (viewer: SampledViewer) => {
    const since = wall() - 3000
    const sizes = sizesOf(viewer.between(since))
    return viewer.pictures[0]!.at < since && sizes.length === 1 && sizes[0] === large
  }
  const all = await opened.until(() => opened.viewers.every(isSettled), 60_000)
  expect(all, 'the largest picture for three seconds').toBe(true)
}

const percent = (share: number) => `${(100 * share).toFixed(0)} %`

/** The estimate's share of what a link has for the picture. */
function shareOf(estimates: readonly number[], mbps: number): number {
  return median(estimates) / 1e6 / (mbps - sound)
}

/**
 * Narrows the line of the first viewer to an eighth, for `ms`, and sees its pictures follow.
 *
 * @returns ms since 1970 when that began
 */
async function expectDownAndUp(
  opened: AdaptationRig,
  { ms, within }: { readonly ms: number; readonly within: typeof bounds },
): Promise<number> {
  const viewer = opened.viewers[0]!
  await settled(opened)

  const narrow = await opened.limit(0, 1)
  await opened.watch(ms)
  const down = viewer.pictures.find(({ at, height: lines }) => at > narrow && lines < large)
  const wide = await opened.limit(0, 8)
  await opened.until(() => height(viewer) === large, within.up)
  const up = viewer.pictures.find(({ at, height: lines }) => at > wide && lines === large)
  await opened.watch(3000)

  const shown = viewer.between(narrow, wide)
  const calm = viewer.between(narrow + 5000, wide)
  const estimates = opened.estimates(0, narrow + 5000, wide)
  process.stdout.write(
    `8 → 1 → 8 Mbit/s: down after ${((down?.at ?? NaN) - narrow).toFixed(0)} ms, ` +
      `up after ${((up?.at ?? NaN) - wide).toFixed(0)} ms, longest freeze ` +
      `${viewer.longestGap(narrow, wide).toFixed(0)} ms down, ` +
      `${viewer.longestGap(wide).toFixed(0)} ms up; lines ${sizesOf(shown)}; ` +
      `estimate at 1 Mbit/s ${percent(shareOf(estimates, 1))}\n`,
  )
  expect(down!.at - narrow).toBeLessThan(within.down)
  expect(viewer.longestGap(narrow, wide)).toBeLessThan(within.freeze)
  expect(sizesOf(shown).at(-1)).toBeLessThan(large)
  expect(sizesOf(calm).length).toBeLessThanOrEqual(within === promised ? 1 : 3)
  expect(shareOf(estimates, 1)).toBeGreaterThan(within.least)
  expect(shareOf(estimates, 1)).toBeLessThan(within.most)
  expect(up!.at - wide).toBeLessThan(within.up)
  expect(viewer.longestGap(wide)).toBeLessThan(within.freeze)
  return narrow
}

// The short form sees this at one of two viewers, below.
describe('a link whose rate goes 8 → 1 → 8 Mbit/s', () => {
  it(
    'has smaller pictures within a second, larger ones within ten, and no freeze',
    async ({ skip }) => {
      if (!long) skip('takes minutes: TAILRACE_LONG=1 npm test -- adaptation')
      rig = await AdaptationRig.open({ ...layers, viewers: 1, mbps: 8 })
      await expectDownAndUp(rig, { ms: steady, within: promised })
    },
    limit,
  )
})

const slow = { mbps: 0.6, lines: small }
const fast = { mbps: 1.8, lines: middle }

describe('a link of one rate between two layers', () => {
  it.each(long ? [slow, fast] : [fast])(
    'of $mbps Mbit/s keeps to $lines lines',
    async ({ mbps, lines }) => {
      rig = await AdaptationRig.open({ ...layers, viewers: 1, mbps })
      const viewer = rig.viewers[0]!
      if (long) await rig.watch(10_000)
      else await rig.until(() => height(viewer) === lines, 10_000)
      const from = wall()
      await rig.watch(steady)
      const shown = viewer.between(from)
      const estimates = rig.estimates(0, from, Number.POSITIVE_INFINITY)
      process.stdout.write(
        `${mbps} Mbit/s: lines ${sizesOf(viewer.pictures)}, then ${sizesOf(shown)} for ` +
          `${steady / 1000} s; longest freeze ${viewer.longestGap(from).toFixed(0)} ms, ` +
          `estimate ${percent(shareOf(estimates, mbps))}\n`,
      )
      expect(sizesOf(shown)).toContain(lines)
      expect(sizesOf(shown).length).toBeLessThanOrEqual(sizes)
      expect(viewer.longestGap(from)).toBeLessThan(freeze)
      expect(shareOf(estimates, mbps)).toBeGreaterThan(bounds.least)
      expect(shareOf(estimates, mbps)).toBeLessThan(bounds.most)
    },
    limit,
  )
})

describe('two viewers on links of their own', () => {
  it(
    'do not affect each other',
    async () => {
      // Layers as a browser's: each has a clock and numbers of its own.
      rig = await AdaptationRig.open({ ...layers, viewers: 2, mbps: 8, as: 'browser' })
      const other = rig.viewers[1]!
      // Two browsers at once keep two cores busy.
      const narrow = await expectDownAndUp(rig, { ms: 12_000, within: busy })
      const shown = other.between(narrow)
      process.stdout.write(
        `two links: lines ${sizesOf(shown)} on the other, whose longest freeze is ` +
          `${other.longestGap(narrow).toFixed(0)} ms\n`,
      )
      expect(sizesOf(shown)).toContain(large)
      if (long) expect(sizesOf(shown)).toHaveLength(1)
      expect(other.longestGap(narrow)).toBeLessThan(freeze)
    },
    limit,
  )
})
