import { setTimeout as delay } from 'node:timers/promises'
import { percentiles } from '#load/percentiles.ts'
import type { ClockScale } from './clock-reader.ts'
import type { Media } from './ffmpeg-media.ts'
import type { Viewing, ViewOptions, ViewReport } from './media-page.ts'
import type { Stage } from './stage.ts'

export interface JoinOptions {
  readonly stream: string
  readonly joins: number
  readonly media: Media
  /** The publisher's clock. */
  readonly scale: ClockScale
  /** A picture no older than this many ms counts as live. */
  readonly liveAge?: number
  /** Watch each join until it is live. */
  readonly untilLive?: boolean
  /** Joins in another way than `stage.view` does. */
  readonly view?: (options: ClockOptions) => Promise<Viewing>
}

/** What a viewer must know to tell a picture's age. */
export type ClockOptions = Required<Pick<ViewOptions, 'clock' | 'scale' | 'liveAge'>>

/** One join. All ms, from the moment before the POST unless said otherwise. */
export interface JoinSample {
  readonly answered: number
  /** Until the POST, from the moment at which somebody wants to watch. */
  readonly offered: number
  readonly connected: number
  readonly firstFrame: number
  /** Age of the first picture. */
  readonly firstAge: number | undefined
  /** Until a live picture; only where it was waited for. */
  readonly live: number | undefined
  /** When the next keyframe left the publisher. */
  readonly nextKeyframe: number
  readonly report: ViewReport
}

/** Longest pause between two joins in ms: what makes the place in the GOP random. */
const longestPause = 1200
const joinTimeout = 15_000

/**
 * Joins one after another at random places in the GOP, after one join that is not counted: it
 * opens the HTTP connection and fills the preflight cache, as a page that has shown a list of
 * streams has done.
 */
export async function measureJoins(stage: Stage, options: JoinOptions): Promise<JoinSample[]> {
  const samples: JoinSample[] = []
  await measureJoin(stage, options)
  for (let index = 0; index < options.joins; index++) {
    // The pause is part of the experiment, no wait for an event.
    await delay(Math.random() * longestPause)
    samples.push(await measureJoin(stage, options))
  }
  return samples
}

async function measureJoin(stage: Stage, options: JoinOptions): Promise<JoinSample> {
  const { stream, scale, media, liveAge = 300, untilLive = true } = options
  const view = options.view ?? ((clock) => stage.view(stream, clock))
  const viewing = await view({ clock: media.clock, scale, liveAge })
  try {
    let report = await viewing.firstFrame(joinTimeout)
    if (untilLive) report = await viewing.live(joinTimeout)
    return sample(report, options)
  } finally {
    await viewing.close()
  }
}

function sample(report: ViewReport, { scale, media }: JoinOptions): JoinSample {
  const { times, states, timeOrigin } = report
  const connected = states.find(({ state }) => state === 'connected')
  const gop = media.keyframeInterval * scale.tick
  const sinceKeyframe = (timeOrigin + times.posted - scale.origin) % gop
  return {
    answered: times.answered - times.posted,
    offered: times.posted - times.click,
    connected: (connected?.at ?? Number.NaN) - times.posted,
    firstFrame: (times.firstFrame ?? Number.NaN) - times.posted,
    firstAge: times.firstAge,
    live: times.live === undefined ? undefined : times.live - times.posted,
    nextKeyframe: gop - sinceKeyframe,
    report,
  }
}

/** One line a phase: its name, median, 95th percentile and maximum in ms. */
export function describeJoins(samples: readonly JoinSample[]): string {
  const phases = ['answered', 'connected', 'firstFrame', 'live', 'firstAge'] as const
  return phases
    .map((phase) => {
      const values = samples.flatMap((each) => each[phase] ?? [])
      const { count = 0, p50 = 0, p95 = 0, max = 0 } = percentiles(values) ?? {}
      const [a, b, c] = [p50, p95, max].map((ms) => ms.toFixed(0).padStart(5))
      return `${phase.padEnd(12)} n ${count}  p50 ${a} ms  p95 ${b} ms  max ${c} ms`
    })
    .join('\n')
}
