import { expect } from 'vitest'
import type { ClockScale } from './clock-reader.ts'
import type { Viewing, ViewReport } from './media-page.ts'
import { allowed } from './stage.ts'

/** What a viewer saw of something that happened. Times in ms. */
export interface Watched {
  /** Longest time between two pictures, without what the machine gave the page none of. */
  readonly freeze: number
  /**
   * Pictures that the publisher sent in the time and that were not decoded, give or take `exact`,
   * but for those that came whole and were too late for a browser on a busy machine.
   */
  readonly missed: number
  /** States that the connection has gone through meanwhile. */
  readonly states: readonly string[]
  /** Age of the last picture. */
  readonly age: number
  readonly report: ViewReport
}

/** For the first picture after it, in ms: what stood still goes on or has failed by then. */
const longestWait = 40_000
/** How far `missed` may be off: a picture is decoded some time before it is shown. */
const exact = 3
/** An odd number. */
const looks = 9

/**
 * What viewers see while something happens, and for some pictures after it.
 *
 * @param pictures that each must see after it
 */
export async function watchThrough(
  viewings: readonly Viewing[],
  scale: ClockScale,
  happens: () => unknown,
  pictures = 150,
): Promise<Watched[]> {
  const before = await Promise.all(viewings.map((viewing) => look(viewing, scale)))
  await Promise.all(viewings.map((viewing) => viewing.mark()))
  await happens()
  return await Promise.all(
    viewings.map(async (viewing, i) => {
      await viewing.moreFrames(pictures, pictures * 33 + longestWait)
      return compare(before[i]!, await look(viewing, scale))
    }),
  )
}

/** Nobody has noticed more than a short stop: the same session, and not a picture missing. */
export function expectWhole(watched: readonly Watched[]): void {
  for (const { report, ...seen } of watched) {
    expect(seen, JSON.stringify(report)).toMatchObject({ states: [] })
    expect(seen.freeze, JSON.stringify(report)).toBeLessThan(allowed(1000))
    expect(Math.abs(seen.missed), JSON.stringify(report)).toBeLessThanOrEqual(exact)
  }
}

interface Moment {
  readonly report: ViewReport
  /** Pictures that the publisher sent, by the clock in the last that was shown, less those decoded. */
  readonly behind: number
}

/** One report is not of the very moment at which a picture is decoded, nor is one shown then. */
async function look(viewing: Viewing, scale: ClockScale): Promise<Moment> {
  const moments: Moment[] = []
  for (let i = 0; i < looks; i++) {
    const report = await viewing.moreFrames(1)
    moments.push({ report, behind: sentUntil(report, Date.now(), scale) - report.framesDecoded })
  }
  const { behind } = moments.toSorted((a, b) => a.behind - b.behind)[(looks - 1) / 2]!
  return { report: moments.at(-1)!.report, behind }
}

/** Unwraps the number in the last picture, which begins again and again. */
function sentUntil({ number = Number.NaN }: ViewReport, at: number, scale: ClockScale): number {
  const { origin, tick, modulus } = scale
  const due = (at - origin) / tick
  return number + Math.round((due - number) / modulus) * modulus
}

function compare(before: Moment, after: Moment): Watched {
  const [first, last] = [before.report, after.report]
  const missed = after.behind - before.behind
  return {
    freeze: last.longestFreeze,
    missed: missed > 0 ? Math.max(missed - tooLate(first, last), 0) : missed,
    states: last.states.slice(first.states.length).map(({ state }) => state),
    age: last.age ?? Number.NaN,
    report: last,
  }
}

/** Pictures dropped though no packet was missing, so that all they refer to was there. */
function tooLate(first: ViewReport, last: ViewReport): number {
  const isWhole = last.packetsLost === first.packetsLost && last.pliCount === first.pliCount
  return isWhole ? last.framesDropped - first.framesDropped : 0
}

/** For people, one line. */
export function describeWatched(watched: readonly Watched[]): string {
  return watched
    .map(({ freeze, missed, age }) => {
      return `freeze ${freeze.toFixed(0)} ms, missed ${missed}, age ${age.toFixed(0)} ms`
    })
    .join('; ')
}
