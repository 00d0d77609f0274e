import { createCipheriv, createSecretKey, randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { TwinPlane } from '#native/twin/twin-plane.ts'
import { type Figure, figure } from './figure.ts'
import { cpuMicroseconds, percentile } from './sampling.ts'
import { filledLog, randomKeys, silentListener, sink, videoFormat } from './twin-setup.ts'

const packets = 900
const packetsPerFrame = 9
const rounds = 5

/** CPU per packet per viewer of the twin, all-in: header, SRTP, send, kernel. */
export async function run(): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const viewers of [10, 50, 200]) {
    const [ours, bare] = await alternate(viewers)
    figures.push(
      figure(`fan-out to ${viewers} viewers`, 'µs/packet', ours, [
        'bare AES-GCM by node:crypto and dgram.send',
        bare,
      ]),
    )
  }
  return figures
}

// In turns, so that noise of the machine meets both.
async function alternate(viewers: number): Promise<[number, number]> {
  const ours: number[] = []
  const bare: number[] = []
  for (let round = 0; round < rounds; round++) {
    ours.push(await fanOut(viewers))
    bare.push(await protectAndSend(viewers))
  }
  return [percentile(ours, 0.5), percentile(bare, 0.5)]
}

async function fanOut(viewers: number): Promise<number> {
  const plane = await TwinPlane.open(['127.0.0.1'], 0, silentListener)
  const { socket, path } = await sink()
  const log = filledLog(packets)
  const id = plane.openLog(log)
  for (let peer = 1; peer <= viewers; peer++) {
    plane.addPeer(peer, randomKeys(), path)
    plane.follow(plane.addTrack(peer, videoFormat(peer)), { log: id, payloadType: 96 })
  }
  const started = cpuMicroseconds()
  const indices = new Float64Array(packetsPerFrame)
  for (let first = 0; first < packets; first += packetsPerFrame) {
    for (let i = 0; i < packetsPerFrame; i++) indices[i] = first + i
    plane.deliver(id, indices, packetsPerFrame)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const spent = cpuMicroseconds() - started
  const { datagramsSent, sendErrors } = plane.statistics
  if (sendErrors > 0) throw new Error(`${sendErrors} of ${datagramsSent} were not sent`)
  await plane.close()
  socket.close()
  return spent / (packets * viewers)
}

async function protectAndSend(viewers: number): Promise<number> {
  const socket = createSocket({ type: 'udp4', lookup: (host, _, done) => done(null, host, 4) })
  const { socket: away, path } = await sink()
  const keys = Array.from({ length: viewers }, () => createSecretKey(randomBytes(16)))
  const iv = randomBytes(12)
  const payload = randomBytes(1100)
  const header = randomBytes(12)
  const started = cpuMicroseconds()
  for (let packet = 0; packet < packets; packet++) {
    iv.writeUInt32BE(packet)
    for (const key of keys) {
      const cipher = createCipheriv('aes-128-gcm', key, iv)
      cipher.setAAD(header)
      const body = cipher.update(payload)
      cipher.final()
      const datagram = Buffer.concat([header, body, cipher.getAuthTag()])
      socket.send(datagram, 0, datagram.length, path.remotePort, path.remoteAddress)
    }
    if (packet % packetsPerFrame === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const spent = cpuMicroseconds() - started
  socket.close()
  away.close()
  return spent / (packets * viewers)
}
