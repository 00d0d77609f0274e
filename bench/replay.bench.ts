import { packetsPerFrame, videoArrivals } from './arrivals.ts'
import { FanOutRig } from './fan-out-rig.ts'
import { type Figure, figure } from './figure.ts'
import { FrameFeed } from './frame-feed.ts'
import { Reference } from './reference.ts'
import { cpuMicroseconds, percentile } from './sampling.ts'

const joiners = 100
/** A GOP of OBS: 8.33 s. */
const frames = 250
const rounds = 5

interface Cost {
  /** CPU of the whole process, µs per packet. */
  readonly cpu: number
  /** Ms until the last joiner has caught up. */
  readonly lasted: number
}

/** The highest that a replay gets to (DESIGN §6): 50 Mbit/s, in bytes per ms. */
const pace = 6250
const burst = 30_000

/** A hundred viewers join at once and replay 8.33 s each, at 50 Mbit/s. */
export async function run(): Promise<Figure[]> {
  const reference = await Reference.load()
  const figures: Figure[] = []
  for (const threads of [1, 2]) {
    const ours: Cost[] = []
    const bare: number[] = []
    for (let round = 0; round < rounds; round++) {
      ours.push(await replay(reference.port, threads))
      bare.push(perDatagram(reference))
    }
    const label = `replay of ${frames} frames to ${joiners} joiners at once, ${threads} shards`
    // By the pace alone; payload, header and tag.
    const least = (frames * packetsPerFrame * 1128 - burst) / pace
    const median = (costs: readonly Cost[], pick: (cost: Cost) => number) =>
      percentile(costs.map(pick), 0.5)
    figures.push(
      figure(
        `${label}, CPU`,
        'µs/packet',
        median(ours, (one) => one.cpu),
        ['bare loop in C++ with trains', percentile(bare, 0.5)],
      ),
      figure(
        `${label}, until all are live`,
        'ms',
        median(ours, (one) => one.lasted),
        ['what the pace takes', least],
      ),
    )
  }
  return figures
}

async function replay(port: number, threads: number): Promise<Cost> {
  const rig = await FanOutRig.open({ way: 'gso', viewers: joiners, port, threads, silent: true })
  const feed = new FrameFeed(rig)
  feed.fill(frames)
  const before = { cpu: cpuMicroseconds(), at: performance.now(), sent: rig.sent }
  for (const track of rig.tracks) {
    rig.plane.replay(track, { log: rig.video.logId, payloadType: 96 }, { from: 0, pace, burst })
  }
  while (rig.caughtUp < joiners) await new Promise((resolve) => setTimeout(resolve, 1))
  const lasted = performance.now() - before.at
  const spent = cpuMicroseconds() - before.cpu
  const sent = rig.sent - before.sent
  await rig.close()
  if (sent < frames * packetsPerFrame * joiners) throw new Error(`only ${sent} left`)
  return { cpu: spent / sent, lasted }
}

function perDatagram(reference: Reference): number {
  const before = cpuMicroseconds()
  const sent = reference.fanOut(joiners, videoArrivals(frames), false)
  return (cpuMicroseconds() - before) / sent
}
