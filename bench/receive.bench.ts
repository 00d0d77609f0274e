import { type Arrival, mediaArrivals, videoArrivals } from './arrivals.ts'
import { FanOutRig, type Way } from './fan-out-rig.ts'
import { type Figure, figure } from './figure.ts'
import { Publisher } from './publisher.ts'
import { Reference } from './reference.ts'
import { cpuMicroseconds, percentile } from './sampling.ts'
import { randomKeys } from './twin-setup.ts'

const rounds = 3
/** Ms until the first packet leaves: everybody is at its place by then. */
const headStart = 500
const flatOutFrames = 4500

/**
 * CPU of the whole process per packet of a publisher, from the socket to the packet log: SRTP,
 * announcement, and what the relay's layer does with it. No viewer is there.
 */
export async function run(): Promise<Figure[]> {
  const reference = await Reference.load()
  const figures: Figure[] = []
  const flatOut = videoArrivals(flatOutFrames).map((one) => ({ ...one, at: headStart }))
  const realTime = mediaArrivals(5, 'at once').map((one) => ({ ...one, at: one.at + headStart }))
  for (const way of ['gso', 'twin'] as const) {
    const names = [`${way}, as fast as a publisher sends`, `${way}, one publisher in real time`]
    for (const [i, arrivals] of [flatOut, realTime].entries()) {
      const ours: number[] = []
      const bare: number[] = []
      for (let round = 0; round < rounds; round++) {
        ours.push(await throughPlane(way, arrivals))
        bare.push(await throughReference(reference, arrivals))
      }
      const against = ['bare recvmmsg and AES-GCM in C++', percentile(bare, 0.5)] as const
      figures.push(figure(names[i]!, 'µs/packet', percentile(ours, 0.5), against))
    }
  }
  return figures
}

async function throughPlane(way: Way, arrivals: readonly Arrival[]): Promise<number> {
  const rig = await FanOutRig.open({ way, viewers: 0, port: 9 })
  const publisher = await Publisher.start()
  const keys = randomKeys()
  rig.addPublisher(keys, publisher.port)
  const order = { arrivals, port: rig.port, master: keys.remote }
  const { done } = await publisher.publish(order)
  const before = cpuMicroseconds()
  await done
  const spent = cpuMicroseconds() - before
  const { packets } = rig.plane.statistics.received
  await rig.close()
  return spent / enough(packets, arrivals)
}

async function throughReference(
  reference: Reference,
  arrivals: readonly Arrival[],
): Promise<number> {
  const publisher = await Publisher.start()
  const { remote } = randomKeys()
  const port = reference.openReceiver(remote)
  const { done } = await publisher.publish({ arrivals, port, master: remote })
  const before = cpuMicroseconds()
  const packets = reference.receive(total(arrivals))
  const spent = cpuMicroseconds() - before
  await done
  return spent / enough(packets, arrivals)
}

/** @throws when so many were lost that the figure would be of something else */
function enough(packets: number, arrivals: readonly Arrival[]): number {
  if (packets < total(arrivals) / 2) throw new Error(`${packets} of ${total(arrivals)} came`)
  return packets
}

function total(arrivals: readonly Arrival[]): number {
  return arrivals.reduce((sum, { packets }) => sum + packets, 0)
}
