// A publisher in a process of its own, so that its CPU is not in the figure: started by
// `publisher.ts`, it protects and sends what it is told to, at the times it is told.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { SrtpMasterKey } from '#native/srtp-keys.ts'
import { SrtpSender } from '#native/twin/srtp-sender.ts'
import { buildRtp } from '#rtp/packet.ts'
import type { Arrival } from './arrivals.ts'
import { publishedAs } from './published-as.ts'

export interface PublishOrder {
  readonly arrivals: readonly Arrival[]
  readonly port: number
  readonly master: SrtpMasterKey
}

const socket = createSocket({ type: 'udp4', lookup: (host, _, done) => done(null, host, 4) })
await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
process.send!(socket.address().port)
const [order] = (await once(process, 'message')) as [PublishOrder]
const sender = new SrtpSender(7, {
  key: Buffer.from(order.master.key),
  salt: Buffer.from(order.master.salt),
})
const next = { video: 0, audio: 0 }
const startedAt = performance.now()
for (const arrival of order.arrivals) {
  const wait = startedAt + arrival.at - performance.now()
  await new Promise((resolve) => (wait > 0 ? setTimeout(resolve, wait) : setImmediate(resolve)))
  for (let i = 0; i < arrival.packets; i++) send(arrival, i === arrival.packets - 1)
}
process.send!('done')
socket.close()
process.disconnect()

function send({ kind, at, payload, last }: Arrival, isLast: boolean): void {
  const { ssrc, rate } = publishedAs[kind]
  const index = next[kind]++
  const header = {
    payloadType: kind === 'video' ? 96 : 111,
    sequenceNumber: index & 0xffff,
    timestamp: Math.floor(at) * rate,
    ssrc,
    marker: last && isLast,
  }
  const packet = Buffer.concat([buildRtp(header, Buffer.alloc(payload, 0x41)), Buffer.alloc(16)])
  const length = sender.protectRtp(packet, 12, packet.length - 16, index)
  socket.send(packet, 0, length, order.port, '127.0.0.1')
}
