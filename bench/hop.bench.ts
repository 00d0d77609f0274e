import type { Arrival } from './arrivals.ts'
import { videoArrivals } from './arrivals.ts'
import { type Figure, figure } from './figure.ts'
import { frameIntervalMs, packetBytes, packetsPerFrame } from './hop-load.ts'
import { HopLoss, type HopOptions, HopRig } from './hop-rig.ts'
import { Publisher } from './publisher.ts'
import { Reference } from './reference.ts'
import { cpuMicroseconds, percentile } from './sampling.ts'
import { randomKeys } from './twin-setup.ts'

const attempts = 3

interface Extent {
  readonly settings: readonly HopOptions[]
  readonly rounds: number
  /** Of one measurement. */
  readonly frames: number
  /** Before the first one, until V8 has compiled what is hot. */
  readonly warmUp: number
}

const smallest: HopOptions = { way: 'gso', children: 1, streams: 1 }
const whole: Extent = {
  settings: [
    smallest,
    { ...smallest, children: 4 },
    { ...smallest, children: 16 },
    { ...smallest, streams: 50 },
    { ...smallest, streams: 500 },
    { ...smallest, way: 'twin' },
  ],
  rounds: 3,
  frames: 300,
  warmUp: 300,
}
const short: Extent = {
  settings: [smallest, { ...smallest, children: 4 }, { ...smallest, streams: 50 }],
  rounds: 1,
  frames: 100,
  warmUp: 50,
}

/**
 * CPU of a relay, all threads, for what it passes on from its parent to its children: receive,
 * log, send. The same packets come at the same times in all settings, of one stream or of many.
 * A figure counts only where no child lacks a packet afterwards.
 */
export async function run({ isShort = false } = {}): Promise<Figure[]> {
  const reference = await Reference.load()
  const figures: Figure[] = []
  const extent = isShort ? short : whole
  for (const setting of extent.settings) {
    figures.push(...(await withoutLoss(() => hop(reference, setting, extent))))
  }
  return figures
}

// A machine that leaves a process out for long loses packets, and what it measures is something else.
async function withoutLoss(measure: () => Promise<Figure[]>): Promise<Figure[]> {
  for (let left = attempts; ; left--) {
    try {
      return await measure()
    } catch (error) {
      if (!(error instanceof HopLoss) || left === 1) throw error
      process.stderr.write(`measured again: ${error.message}\n`)
    }
  }
}

async function hop(
  reference: Reference,
  setting: HopOptions,
  { rounds, frames, warmUp }: Extent,
): Promise<Figure[]> {
  const { way, children, streams } = setting
  const rig = await HopRig.open(setting)
  const taken: { received: number; sent: number; bare: number }[] = []
  let repaired = 0
  try {
    await rig.feed(warmUp)
    for (let i = 0; i < rounds; i++) {
      const done = await rig.feed(frames)
      repaired += done.repaired
      const bare = await bareHop(reference, children, frames)
      taken.push({ received: done.cpu / done.received, sent: done.cpu / done.sent, bare })
    }
  } finally {
    await rig.close()
  }
  const median = (of: keyof (typeof taken)[number]) => {
    return percentile(
      taken.map((one) => one[of]),
      0.5,
    )
  }
  const repairs = repaired > 0 ? `, ${repaired} packets repaired` : ''
  const name = `${way}, children: ${children}, streams: ${streams}${repairs}`
  const against = 'bare receive and sends in C++'
  return [
    figure(`${name}: received`, 'µs/packet', median('received'), [against, median('bare')]),
    figure(`${name}: sent`, 'µs/packet', median('sent'), [against, median('bare') / children]),
  ]
}

/** @returns µs to receive a packet and to send it to each child, in a thread that does only that */
async function bareHop(reference: Reference, children: number, frames: number): Promise<number> {
  const arrivals = framesOf(frames)
  const packets = frames * packetsPerFrame
  const publisher = await Publisher.start()
  const { remote } = randomKeys()
  const port = reference.openReceiver(remote)
  const { done } = await publisher.publish({ arrivals, port, master: remote })
  const before = cpuMicroseconds()
  const received = reference.receive(packets)
  const receiving = cpuMicroseconds() - before
  await done
  const sent = reference.fanOut(children, arrivals, true)
  const sending = cpuMicroseconds() - before - receiving
  return receiving / received + (children * sending) / sent
}

function framesOf(frames: number): Arrival[] {
  return videoArrivals(frames).map((arrival, i) => ({
    ...arrival,
    at: i * frameIntervalMs,
    payload: packetBytes - 12,
  }))
}
