import { mediaArrivals, packetsPerFrame, type Spread, videoArrivals } from './arrivals.ts'
import { FanOutRig, type Way } from './fan-out-rig.ts'
import { type Figure, figure } from './figure.ts'
import { FrameFeed } from './frame-feed.ts'
import { Publisher } from './publisher.ts'
import { Reference } from './reference.ts'
import { cpuMicroseconds, percentile } from './sampling.ts'
import { randomKeys } from './twin-setup.ts'

const ways: readonly Way[] = ['gso', 'sendmmsg', 'sendto', 'twin']
const rounds = 5
/** Of a measurement in real time; what comes before it is left out. */
const seconds = 5
const warmUpMs = 1500
/** Packets to viewers of one measurement flat out. */
const flatOut = 360_000

/**
 * CPU of the whole process, all threads, per packet sent to a viewer; beside it the bare loop
 * with the same packets, taken in turns.
 */
export async function run(): Promise<Figure[]> {
  const reference = await Reference.load()
  const figures: Figure[] = []
  for (const way of ways) {
    for (const viewers of [50, 200, 1000]) {
      figures.push(await flat(reference, way, viewers))
    }
  }
  for (const spread of ['at once', 'paced'] as const) {
    for (const viewers of [50, 200, 1000]) {
      figures.push(await live(reference, 'gso', viewers, spread))
    }
    for (const way of ['sendmmsg', 'sendto'] as const) {
      figures.push(await live(reference, way, 200, spread))
    }
    // With more, its one thread is all that there is.
    figures.push(await live(reference, 'twin', 50, spread))
  }
  return figures
}

async function flat(reference: Reference, way: Way, viewers: number): Promise<Figure> {
  const frames = Math.ceil(flatOut / (packetsPerFrame * viewers) / (way === 'twin' ? 8 : 1))
  const rig = await FanOutRig.open({ way, viewers, port: reference.port })
  const feed = new FrameFeed(rig)
  await feed.feed(Math.ceil(frames / 4))
  const arrivals = videoArrivals(frames)
  const [ours, bare] = await inTurns(
    async () => {
      const before = cpuMicroseconds()
      const sent = await feed.feed(frames)
      return (cpuMicroseconds() - before) / sent
    },
    async () => perDatagram(() => reference.fanOut(viewers, arrivals, false)),
  )
  await rig.close()
  const name = `${way}, ${viewers} viewers, flat out`
  return figure(name, 'µs/packet', ours, ['bare loop in C++ with trains', bare])
}

async function live(
  reference: Reference,
  way: Way,
  viewers: number,
  spread: Spread,
): Promise<Figure> {
  const [ours, bare] = await inTurns(
    () => relayed(reference.port, way, viewers, spread),
    async () => {
      const arrivals = mediaArrivals(seconds, spread)
      return perDatagram(() => reference.fanOut(viewers, arrivals, true))
    },
    3,
  )
  const name = `${way}, ${viewers} viewers, real time, ${spread}`
  return figure(name, 'µs/packet', ours, ['bare loop in C++, each arrival by itself', bare])
}

async function relayed(port: number, way: Way, viewers: number, spread: Spread): Promise<number> {
  const rig = await FanOutRig.open({ way, viewers, port })
  const publisher = await Publisher.start()
  const keys = randomKeys()
  rig.addPublisher(keys, publisher.port)
  const arrivals = mediaArrivals(seconds + warmUpMs / 1000, spread)
  const { done } = await publisher.publish({ arrivals, port: rig.port, master: keys.remote })
  await new Promise((resolve) => setTimeout(resolve, warmUpMs))
  const before = { cpu: cpuMicroseconds(), sent: rig.sent }
  await done
  const spent = cpuMicroseconds() - before.cpu
  const sent = rig.sent - before.sent
  await rig.close()
  const expected = arrivals.reduce((sum, { at, packets }) => sum + (at > warmUpMs ? packets : 0), 0)
  // A shard that a loaded machine leaves out for long drops what is late by then.
  if (sent < 0.5 * expected * viewers) throw new Error(`${sent} of ${expected * viewers} sent`)
  return spent / sent
}

function perDatagram(send: () => number): number {
  const before = cpuMicroseconds()
  const sent = send()
  return (cpuMicroseconds() - before) / sent
}

// So that noise of the machine meets both.
async function inTurns(
  ours: () => Promise<number>,
  bare: () => Promise<number>,
  times = rounds,
): Promise<[number, number]> {
  const taken: [number, number][] = []
  for (let i = 0; i < times; i++) taken.push([await ours(), await bare()])
  return [
    percentile(
      taken.map(([one]) => one),
      0.5,
    ),
    percentile(
      taken.map(([, two]) => two),
      0.5,
    ),
  ]
}
