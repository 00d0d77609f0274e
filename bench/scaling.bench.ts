import { FanOutRig } from './fan-out-rig.ts'
import { type Figure, figure } from './figure.ts'
import { FrameFeed } from './frame-feed.ts'
import { Reference } from './reference.ts'
import { cpuMicroseconds, percentile } from './sampling.ts'

const viewers = 1000
const frames = 120
const rounds = 7

interface Run {
  /** Packets to viewers, thousands a second. */
  readonly rate: number
  /** µs per packet. */
  readonly cpu: number
}

/** What a second shard adds, flat out. The sockets are shared by both. */
export async function run(): Promise<Figure[]> {
  const { port } = await Reference.load()
  const rigs: { rig: FanOutRig; feed: FrameFeed; runs: Run[] }[] = []
  for (const threads of [1, 2]) {
    const rig = await FanOutRig.open({ way: 'gso', viewers, port, threads })
    const feed = new FrameFeed(rig)
    await feed.feed(frames / 4)
    rigs.push({ rig, feed, runs: [] })
  }
  for (let round = 0; round < rounds; round++) {
    for (const { feed, runs } of rigs) runs.push(await once(feed))
  }
  for (const { rig } of rigs) await rig.close()
  const [one, two] = rigs.map(({ runs }) => ({
    rate: percentile(
      runs.map(({ rate }) => rate),
      0.5,
    ),
    cpu: percentile(
      runs.map(({ cpu }) => cpu),
      0.5,
    ),
  }))
  return [
    figure('2 shards, packets sent', 'thousand/s', two!.rate, ['1 shard', one!.rate]),
    figure('2 shards, CPU', 'µs/packet', two!.cpu, ['1 shard', one!.cpu]),
  ]
}

async function once(feed: FrameFeed): Promise<Run> {
  const before = { at: performance.now(), cpu: cpuMicroseconds() }
  const sent = await feed.feed(frames)
  const ms = performance.now() - before.at
  return { rate: sent / ms, cpu: (cpuMicroseconds() - before.cpu) / sent }
}
