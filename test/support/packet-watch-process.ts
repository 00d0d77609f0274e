/*
 * Publishes at one node and views at several: started by `PacketWatch`, which tells where. One
 * process, one clock, and the same packets everywhere.
 */
import { once } from 'node:events'
import {
  ClientConnection,
  createClientContext,
  type SessionMedia,
} from '#load/client-connection.ts'
import type { PacketSealer } from '#load/srtp.ts'
import { viewerUserAgent } from '#load/viewer.ts'
import { buildRtp, RtpPacket } from '#rtp/packet.ts'
import { writeOffer } from '#webrtc/sdp/client.ts'
import { publishPayloadTypes } from '#webrtc/sdp/client-sections.ts'
import type { PacketWatchOptions } from './packet-watch.ts'

/** 2.4 Mbit/s, as a publisher of 30 pictures a second sends it. */
const packetsPerFrame = 9
const frameInterval = 1000 / 30
const payloadLength = 1100
const ssrc = 0x0abc_def0
const common = {
  srtpProfiles: [7] as const,
  onEnd: (reason: string) => process.stderr.write(reason),
}

const context = createClientContext()
const [wanted] = (await once(process, 'message')) as [PacketWatchOptions]
const { warmUpFrames, frames, keyframeInterval = 250 } = wanted
/** Per node and packet, ms of this process's clock; NaN for what never came. */
const arrivals = wanted.wheps.map(() => new Float64Array(frames * packetsPerFrame).fill(Number.NaN))
const secured = Promise.withResolvers<PacketSealer>()
let send: (packet: Buffer, length: number) => void = () => {}

const publisher = await ClientConnection.open(context, {
  ...common,
  url: wanted.whip,
  token: wanted.key,
  userAgent: 'OBS-Studio/32 tailrace-hops',
  writeOffer: (transport) =>
    writeOffer({ direction: 'sendonly', transport, cname: 'h', streamId: 'h', video: { ssrc } }),
  openMedia: (_, out) => {
    send = out
    return media({ connected: secured.resolve })
  },
})
const srtp = await secured.promise
let isOver = false
const published = publish()
const viewers: ClientConnection[] = []
for (const [node, url] of wanted.wheps.entries()) viewers.push(await view(node, url))
process.send!('watching')
await published
await new Promise((resolve) => setTimeout(resolve, 500))
process.send!(arrivals.map((each) => [...each]))
for (const viewer of viewers) await viewer.close()
await publisher.close()
context.http.close()
process.disconnect()

async function view(node: number, url: string): Promise<ClientConnection> {
  const packet = new RtpPacket()
  const seen = arrivals[node]!
  for (;;) {
    try {
      return await ClientConnection.open(context, {
        ...common,
        url,
        userAgent: viewerUserAgent,
        writeOffer: (transport) =>
          writeOffer({ direction: 'recvonly', transport, audio: true, video: ['H264'] }),
        openMedia: () =>
          media({
            wantsRtp: () => true,
            rtp: (bytes, length) => {
              const now = performance.now()
              if (!packet.read(bytes, 0, length)) return
              if (packet.payloadEnd - packet.payloadStart < payloadLength) return
              const place = bytes.readUInt32BE(packet.payloadStart + 1)
              if (Number.isNaN(seen[place])) seen[place] = now
            },
          }),
      })
    } catch (error) {
      // Until the node has heard of the stream.
      if (isOver || !String(error).includes('409')) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

async function publish(): Promise<void> {
  const startedAt = performance.now()
  for (let frame = -warmUpFrames; frame < frames; frame++) {
    const due = startedAt + (frame + warmUpFrames) * frameInterval
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())))
    for (let i = 0; i < packetsPerFrame; i++) sendPacket(frame, i)
  }
  isOver = true
}

// NAL units of types 5 and 1 (H264 §7.4.1). What is not measured lies beyond the measured places.
function sendPacket(frame: number, i: number): void {
  const count = frame + warmUpFrames
  const payload = Buffer.alloc(payloadLength, 0x41)
  payload[0] = count % keyframeInterval === 0 ? 0x65 : 0x41
  payload.writeUInt32BE(frame < 0 ? 0xffff_ffff : frame * packetsPerFrame + i, 1)
  const sequenceNumber = count * packetsPerFrame + i
  const header = {
    payloadType: publishPayloadTypes.H264,
    sequenceNumber: sequenceNumber & 0xffff,
    timestamp: count * 3000,
    ssrc,
    marker: i === packetsPerFrame - 1,
  }
  const bytes = Buffer.concat([buildRtp(header, payload), Buffer.alloc(16)])
  send(bytes, srtp.protectRtp(bytes, 12, bytes.length - 16, sequenceNumber))
}

/** A media side that wants nothing but what is given. */
function media(ears: Partial<SessionMedia>): SessionMedia {
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
