import { coturnUnavailable } from '#test/support/coturn.ts'
import { makeMedia } from '#test/support/ffmpeg-media.ts'
import { describeJoins, measureJoins } from '#test/support/join-measurement.ts'
import { RelayedStage } from '#test/support/relayed-stage.ts'
import { Stage, stageUnavailable } from '#test/support/stage.ts'
import { type Figure, figure } from './figure.ts'
import { percentile } from './sampling.ts'

const joins = 40
/** 50 ms of round trip. */
const line = { delayMs: 25 }
const firewall = { ...line, noUdp: true }

/** Ms to the first picture, and to the next keyframe, which is when others would show one. */
interface Join {
  readonly firstFrame: number
  readonly nextKeyframe: number
}

/**
 * Joins where UDP is lost, at 50 ms of round trip: from the click to the first picture, HTTP and
 * the gathering of candidates included, of a publisher that ignores PLI.
 */
export async function run(): Promise<Figure[]> {
  const missing = stageUnavailable({ line: true }) ?? coturnUnavailable()
  if (missing) throw new Error(`cannot measure joins: ${missing}`)
  const byTcp = await overTcp()
  const byTurnTcp = await relayed('tcp')
  const byTurnUdp = await relayed('udp')
  const byPage = await watchPage()
  return [
    ...figures('ICE-TCP', byTcp),
    ...figures('TURN over TCP', byTurnTcp),
    ...figures('TURN over UDP, policy relay', byTurnUdp),
    ...pageFigures(byPage, byTurnTcp),
  ]
}

async function overTcp(): Promise<Join[]> {
  const stage = await Stage.open({ line: firewall })
  try {
    return await measure(stage)
  } finally {
    await stage.close()
  }
}

async function relayed(transport: 'udp' | 'tcp'): Promise<Join[]> {
  const conditions = transport === 'udp' ? line : firewall
  const by = await RelayedStage.open({ transport, line: conditions })
  try {
    return await measure(by.stage, by)
  } finally {
    await by.close()
  }
}

async function measure(stage: Stage, by?: RelayedStage): Promise<Join[]> {
  const media = await makeMedia({ keyframeInterval: 250 })
  const { clock: scale } = await stage.obs('bench', { media })
  const samples = await measureJoins(stage, {
    ...{ stream: 'bench', joins, media, scale, untilLive: false },
    ...(by && { view: (options) => by.view('bench', options) }),
  })
  process.stdout.write(`${describeJoins(samples)}\n`)
  return samples.map(({ offered, firstFrame, nextKeyframe }) => {
    return { firstFrame: offered + firstFrame, nextKeyframe }
  })
}

/** The page does not know beforehand that the TURN server is all there is. */
async function watchPage(): Promise<number[]> {
  const by = await RelayedStage.open({ transport: 'tcp', line })
  try {
    await by.stage.obs('bench', { media: await makeMedia({ keyframeInterval: 250 }) })
    by.closeMedia(line)
    const times: number[] = []
    while (times.length < joins) times.push(await by.watch('bench'))
    return times
  } finally {
    await by.close()
  }
}

const shares = [0.5, 0.95, 1] as const
const shareName = (share: number) => (share === 1 ? 'max' : `p${share * 100}`)

function figures(name: string, samples: readonly Join[]): Figure[] {
  return shares.map((share) => {
    const of = (pick: (join: Join) => number) => percentile(samples.map(pick), share)
    return figure(
      `first frame from the click, ${name}, ${shareName(share)}`,
      'ms',
      of(({ firstFrame }) => firstFrame),
      ['the wait for the next keyframe', of(({ nextKeyframe }) => nextKeyframe)],
    )
  })
}

function pageFigures(times: readonly number[], informed: readonly Join[]): Figure[] {
  return shares.map((share) => {
    const reference = percentile(
      informed.map(({ firstFrame }) => firstFrame),
      share,
    )
    return figure(
      `first frame from the POST, watch page, TURN over TCP alone, ${shareName(share)}`,
      'ms',
      percentile(times, share),
      ['a player that relays at once', reference],
    )
  })
}
