import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { MediaPlaneListener } from '#native/media-plane.ts'
import type { Path } from '#native/path.ts'
import type { SrtpKeys } from '#native/srtp-keys.ts'
import { TwinPlane } from '#native/twin/twin-plane.ts'
import { PacketLog } from '#relay/packet-log.ts'
import { type Figure, figure } from './figure.ts'
import type { EndPorts } from './latency-ends.ts'
import { percentile } from './sampling.ts'
import { randomKeys, silentListener, sink, videoFormat } from './twin-setup.ts'

const frames = 300
const packetsPerFrame = 9
/** Left out: the code is being compiled. */
const warmUpFrames = 60
const frameInterval = 1000 / 30

/** From a publisher's packet leaving to a viewer's copy arriving, frames of nine at once. */
export async function run(): Promise<Figure[]> {
  const figures: Figure[] = []
  const direct = await measure(async ({ viewer }) => ({ port: viewer, close: async () => {} }))
  for (const viewers of [1, 10, 50]) {
    const relayed = await measure((ports, keys) => throughPlane(ports, keys, viewers))
    for (const fraction of [0.5, 0.99]) {
      const reference = percentile(direct, fraction)
      const label = `latency with ${viewers} viewers, p${fraction * 100}`
      figures.push(
        figure(label, 'ms', percentile(relayed, fraction), ['straight to the viewer', reference]),
      )
    }
  }
  return figures
}

interface Way {
  /** Where the publisher sends to. */
  readonly port: number
  close(): Promise<void>
}

/** @returns ms per packet */
async function measure(open: (ports: EndPorts, keys: SrtpKeys) => Promise<Way>): Promise<number[]> {
  const keys = randomKeys()
  const worker = new Worker(new URL('./latency-ends.ts', import.meta.url), {
    workerData: { frames, packetsPerFrame, frameInterval, master: keys.remote },
  })
  const [ports] = (await once(worker, 'message')) as [EndPorts]
  const way = await open(ports, keys)
  worker.postMessage(way.port)
  const [latencies] = (await once(worker, 'message')) as [number[]]
  await way.close()
  if (latencies.length < frames * packetsPerFrame) throw new Error('packets went missing')
  return latencies.slice(warmUpFrames * packetsPerFrame)
}

async function throughPlane(ports: EndPorts, keys: SrtpKeys, viewers: number): Promise<Way> {
  const log = new PacketLog()
  const index = new Float64Array(1)
  let count = 0
  const listener: MediaPlaneListener = {
    ...silentListener,
    media: (_peer, { slab, offsets, lengths, arrivedAt }) => {
      log.append(count, slab, offsets[0]!, lengths[0]!, arrivedAt[0]!)
      index[0] = count++
      plane.deliver(logId, index, 1)
    },
  }
  const plane: TwinPlane = await TwinPlane.open(['127.0.0.1'], 0, listener)
  const logId = plane.openLog(log)
  const { socket, path } = await sink()
  const loopback = (remotePort: number): Path => ({ ...path, remotePort })
  plane.addPeer(1, keys, loopback(ports.publisher))
  const watched = 2 + Math.floor(viewers / 2)
  for (let peer = 2; peer < viewers + 2; peer++) {
    plane.addPeer(peer, randomKeys(), peer === watched ? loopback(ports.viewer) : path)
    plane.follow(plane.addTrack(peer, videoFormat(peer)), { log: logId, payloadType: 96 })
  }
  return {
    port: plane.addresses[0]!.port,
    close: async () => {
      await plane.close()
      socket.close()
    },
  }
}
