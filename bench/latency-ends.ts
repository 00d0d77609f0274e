// Publisher and viewer of the latency bench, in a process that does nothing else:
// `latency.bench.ts` starts it and tells what is between the two.
import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import {
  ClientConnection,
  createClientContext,
  type SessionMedia,
} from '#load/client-connection.ts'
import type { PacketSealer } from '#load/srtp.ts'
import { viewerUserAgent } from '#load/viewer.ts'
import { SrtpReceiver } from '#native/twin/srtp-receiver.ts'
import { SrtpSender } from '#native/twin/srtp-sender.ts'
import { buildRtp, RtpPacket } from '#rtp/packet.ts'
import { writeOffer } from '#webrtc/sdp/client.ts'
import { publishPayloadTypes } from '#webrtc/sdp/client-sections.ts'
import { frameInterval, packetsPerFrame } from './arrivals.ts'

export interface EndsOptions {
  readonly frames: number
  /** Of the node between; straight from one to the other without. */
  readonly node?: { readonly whip: string; readonly whep: string; readonly key: string }
}

/** Left out: the viewer has not caught up. */
const warmUpFrames = 90
const payloadLength = 1100
/** Frames, as OBS has it; what joiners replay in between is part of the load. */
const keyframeInterval = 250
const ssrc = 0x0abc_def0

/** Both ends of a way, while it is there. */
interface Way {
  send(packet: Buffer, length: number): void
  readonly srtp: PacketSealer
  close(): Promise<void>
}

const latencies: number[] = []
const packet = new RtpPacket()
const context = createClientContext()
const [options] = (await once(process, 'message')) as [EndsOptions]
const way = await (options.node ? throughNode(options.node) : straight())
const startedAt = performance.now()
for (let frame = 0; frame < options.frames; frame++) {
  const due = startedAt + frame * frameInterval
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())))
  for (let i = 0; i < packetsPerFrame; i++) sendPacket(frame, i)
}
await new Promise((resolve) => setTimeout(resolve, 500))
process.send!(latencies)
await way.close()
context.http.close()
process.disconnect()

// NAL units of types 5 and 1 (H264 §7.4.1).
function sendPacket(frame: number, place: number): void {
  const payload = Buffer.alloc(payloadLength, 0x41)
  payload[0] = frame % keyframeInterval === 0 ? 0x65 : 0x41
  const sequenceNumber = frame * packetsPerFrame + place
  const header = {
    payloadType: publishPayloadTypes.H264,
    sequenceNumber,
    timestamp: frame * 3000,
    ssrc,
    marker: place === packetsPerFrame - 1,
  }
  payload.writeUInt32BE(frame, 1)
  payload.writeDoubleBE(performance.now(), 5)
  const bytes = Buffer.concat([buildRtp(header, payload), Buffer.alloc(16)])
  way.send(bytes, way.srtp.protectRtp(bytes, 12, bytes.length - 16, sequenceNumber))
}

function arrive(bytes: Buffer, length: number): void {
  const now = performance.now()
  if (!packet.read(bytes, 0, length) || packet.payloadEnd - packet.payloadStart < 1000) return
  const at = packet.payloadStart
  if (bytes.readUInt32BE(at + 1) >= warmUpFrames) latencies.push(now - bytes.readDoubleBE(at + 5))
}

async function straight(): Promise<Way> {
  const master = { key: randomBytes(16), salt: randomBytes(12) }
  const receiver = new SrtpReceiver(7, master)
  const plain = Buffer.alloc(2048)
  const [publisher, viewer] = [await bound(), await bound()]
  viewer.on('message', (datagram) => {
    const length = receiver.unprotectRtp(datagram, plain, 0)
    if (length !== undefined) arrive(plain, length)
  })
  const { port } = viewer.address()
  return {
    srtp: new SrtpSender(7, master),
    send: (bytes, length) => publisher.send(bytes, 0, length, port, '127.0.0.1'),
    close: async () => {
      publisher.close()
      viewer.close()
    },
  }
}

async function bound(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', lookup: (host, _, done) => done(null, host, 4) })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  return socket
}

async function throughNode({ whip, whep, key }: NonNullable<EndsOptions['node']>): Promise<Way> {
  const secured = Promise.withResolvers<PacketSealer>()
  let send: Way['send'] = () => {}
  const common = { srtpProfiles: [7] as const, onEnd: () => {} }
  const publisher = await ClientConnection.open(context, {
    ...common,
    url: whip,
    token: key,
    userAgent: 'OBS-Studio/32 tailrace-bench',
    writeOffer: (transport) =>
      writeOffer({ direction: 'sendonly', transport, cname: 'b', streamId: 'b', video: { ssrc } }),
    openMedia: (_, out) => {
      send = out
      return deaf({ connected: secured.resolve })
    },
  })
  const srtp = await secured.promise
  const viewer = await ClientConnection.open(context, {
    ...common,
    url: whep,
    userAgent: viewerUserAgent,
    writeOffer: (transport) =>
      writeOffer({ direction: 'recvonly', transport, audio: true, video: ['H264'] }),
    openMedia: () => deaf({ wantsRtp: () => true, rtp: arrive }),
  })
  return {
    srtp,
    send: (bytes, length) => send(bytes, length),
    close: async () => {
      await viewer.close()
      await publisher.close()
    },
  }
}

/** A media side that wants nothing but what is given. */
function deaf(ears: Partial<SessionMedia>): SessionMedia {
  return {
    connected: () => {},
    wantsRtp: () => false,
    rtp: () => {},
    rtcp: () => {},
    nextTimeout: Number.POSITIVE_INFINITY,
    poll: () => {},
    ...ears,
  }
}
