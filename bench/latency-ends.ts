import { createSocket, type Socket } from 'node:dgram'
import { parentPort, workerData } from 'node:worker_threads'
import type { SrtpMasterKey } from '#native/srtp-keys.ts'
import { SrtpSender } from '#native/twin/srtp-sender.ts'
import { buildRtp } from '#rtp/packet.ts'

/** Publisher and viewer of the latency bench, in a thread that does nothing else. */
export interface EndsOptions {
  readonly frames: number
  readonly packetsPerFrame: number
  /** Ms. */
  readonly frameInterval: number
  readonly master: SrtpMasterKey
}

/** Sent once the sockets are bound; the answer is the port to send to. */
export interface EndPorts {
  readonly publisher: number
  readonly viewer: number
}

const { frames, packetsPerFrame, frameInterval, master } = workerData as EndsOptions
const parent = parentPort!
const [publisher, viewer] = [await bound(), await bound()]
const ports: EndPorts = { publisher: publisher.address().port, viewer: viewer.address().port }
const port = await new Promise<number>((resolve) => {
  parent.once('message', resolve)
  parent.postMessage(ports)
})

// A buffer that crosses threads arrives as a plain byte array.
const sender = new SrtpSender(7, { key: Buffer.from(master.key), salt: Buffer.from(master.salt) })
const sentAt: number[] = []
const latencies: number[] = []
// Loopback keeps the order and loses nothing here; reports are shorter than any media.
viewer.on('message', (datagram) => {
  if (datagram.length > 1000) latencies.push(performance.now() - sentAt[latencies.length]!)
})
const startedAt = performance.now()
for (let frame = 0; frame < frames; frame++) {
  const due = startedAt + frame * frameInterval
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())))
  for (let i = 0; i < packetsPerFrame; i++) send(frame * packetsPerFrame + i)
}
await new Promise((resolve) => setTimeout(resolve, 300))
parent.postMessage(latencies)
publisher.close()
viewer.close()

function send(sequenceNumber: number): void {
  const header = { payloadType: 96, sequenceNumber, timestamp: 0, ssrc: 1 }
  const packet = Buffer.concat([buildRtp(header, Buffer.alloc(1100)), Buffer.alloc(16)])
  const length = sender.protectRtp(packet, 12, packet.length - 16, sequenceNumber)
  sentAt.push(performance.now())
  publisher.send(packet, 0, length, port, '127.0.0.1')
}

async function bound(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', lookup: (host, _, done) => done(null, host, 4) })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  socket.setRecvBufferSize(4 * 1024 * 1024)
  return socket
}
