import { makeMedia } from '#test/support/ffmpeg-media.ts'
import { type JoinSample, measureJoins } from '#test/support/join-measurement.ts'
import type { LineConditions } from '#test/support/lossy-line.ts'
import { Stage, stageUnavailable } from '#test/support/stage.ts'
import { type Figure, figure } from './figure.ts'
import { percentile } from './sampling.ts'

const joins = 40

interface Scene {
  readonly name: string
  /** Frames between keyframes, at 30 a second. */
  readonly keyframeInterval: number
  readonly line?: LineConditions
}

/** The second line has 25 ms and 1 % of loss each way. */
const scenes: readonly Scene[] = [
  { name: 'loopback, 8.33 s GOP', keyframeInterval: 250 },
  { name: 'loopback, 2 s GOP', keyframeInterval: 60 },
  {
    name: '50 ms RTT, 1 % loss, 8.33 s GOP',
    keyframeInterval: 250,
    line: { delayMs: 25, loss: 0.01 },
  },
]

/** Joins in headless Chromium of a publisher that ignores PLI, at random places in its GOP. */
export async function run(): Promise<Figure[]> {
  const missing = stageUnavailable({ line: true })
  if (missing) throw new Error(`cannot measure joins: ${missing}`)
  const figures: Figure[] = []
  for (const scene of scenes) figures.push(...(await measure(scene)))
  return figures
}

async function measure({ name, keyframeInterval, line }: Scene): Promise<Figure[]> {
  const stage = await Stage.open({ ...(line && { line }) })
  try {
    const media = await makeMedia({ keyframeInterval })
    const publisher = await stage.obs('bench', { media })
    const samples = await measureJoins(stage, {
      stream: 'bench',
      joins,
      media,
      scale: publisher.clock,
    })
    return [0.5, 0.95].flatMap((fraction) => {
      const of = (pick: (sample: JoinSample) => number) => percentile(samples.map(pick), fraction)
      // What a server without replay makes its viewers wait.
      const wait = ['the wait for the next keyframe', of((sample) => sample.nextKeyframe)] as const
      const label = `${name}, p${fraction * 100}`
      return [
        figure(
          `first frame, ${label}`,
          'ms',
          of((sample) => sample.firstFrame),
          wait,
        ),
        figure(
          `live, ${label}`,
          'ms',
          of((sample) => sample.live ?? Number.NaN),
          wait,
        ),
      ]
    })
  } finally {
    await stage.close()
  }
}
