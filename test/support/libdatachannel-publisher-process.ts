import {
  Audio,
  cleanup,
  initLogger,
  PeerConnection,
  RtcpNackResponder,
  RtcpSrReporter,
  RtpPacketizationConfig,
  type Track,
  Video,
} from 'node-datachannel'
import type { Media } from './ffmpeg-media.ts'
import {
  h264Payloads,
  readAccessUnits,
  readOpusPackets,
  rtpPacket,
} from './libdatachannel-media.ts'
import type {
  PublisherEvent,
  PublisherOptions,
  PublisherRequest,
} from './libdatachannel-publisher.ts'
import { throughAddress } from './udp-proxy.ts'

/*
 * Publishes as OBS Studio does, with the library that OBS uses: the offer of
 * `fixtures/obs-32.2.2`, keyframes only where the clip has them, NACK answered on the same
 * SSRC, PLI, FIR and REMB ignored. A program of its own, so that it keeps its pace whatever the
 * test does and can live in a network namespace.
 */

const ssrcs = { audio: 4110535294, video: 4110535295 }
const audioTicks = 960
const videoClockRate = 90_000

const tell = (event: PublisherEvent): void => void process.send?.(event)
const wallClock = () => performance.timeOrigin + performance.now()

// A test that was killed leaves no publisher behind.
process.once('disconnect', () => process.exit())
process.once('message', (options: PublisherOptions) => {
  publish(options).catch((error: unknown) => {
    tell({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) })
  })
})

async function publish(options: PublisherOptions): Promise<void> {
  initLogger('Warning', (level, message) => process.stderr.write(`${level}: ${message}\n`))
  const peer = new PeerConnection('obs', {
    iceServers: [],
    ...(options.bindAddress === undefined ? {} : { bindAddress: options.bindAddress }),
  })
  const audio = new Audio('0', 'SendOnly')
  audio.addOpusCodec(111)
  audio.addSSRC(ssrcs.audio, 'tailrace-test', 'stream', 'stream-audio')
  const video = new Video('1', 'SendOnly')
  video.addH264Codec(96)
  video.parseSdpLine('a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid')
  video.parseSdpLine('a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id')
  video.addSSRC(ssrcs.video, 'tailrace-test', 'stream', 'stream-video')
  const sender = new Sender(peer.addTrack(audio), peer.addTrack(video))

  peer.onStateChange((state) => {
    tell({ kind: 'state', state })
    if (state === 'connected') tell({ kind: 'started', origin: sender.start(options.media) })
    if (state === 'closed' || state === 'failed') sender.stop()
  })
  const offered = Promise.withResolvers<string>()
  peer.onLocalDescription((sdp) => offered.resolve(sdp))
  const gathered = Promise.withResolvers<void>()
  peer.onGatheringStateChange((state) => state === 'complete' && gathered.resolve())
  peer.setLocalDescription('offer')
  const offer = await offered.promise
  if (options.candidates) await gathered.promise
  const sdp = options.candidates ? peer.localDescription()!.sdp : withoutCandidates(offer)

  const response = await fetch(options.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/sdp',
      'user-agent': 'Mozilla/5.0 (OBS-Studio/32.2.2; Linux x86_64; en-US)',
      ...(options.key === undefined ? {} : { authorization: `Bearer ${options.key}` }),
    },
    body: sdp.replaceAll('a=setup:actpass', `a=setup:${options.setup ?? 'actpass'}`),
  })
  const answer = await response.text()
  const location = response.headers.get('location') ?? undefined
  tell({ kind: 'answered', status: response.status, location, body: answer })
  if (response.status !== 201) return
  const proxy = options.through
  peer.setRemoteDescription(proxy ? throughAddress(answer, proxy) : answer, 'answer')

  process.on('message', (request: PublisherRequest) => {
    if (request === 'counters') tell({ kind: 'counters', ...sender.counters, state: peer.state() })
    else
      void leave(peer, sender, request === 'delete' ? new URL(location!, options.url) : undefined)
  })
}

async function leave(peer: PeerConnection, sender: Sender, session?: URL): Promise<void> {
  sender.stop()
  const status = session ? (await fetch(session, { method: 'DELETE' })).status : undefined
  tell({ kind: 'left', status })
  peer.close()
  // The library closes in threads of its own; this waits for them.
  cleanup()
  process.exit()
}

function withoutCandidates(offer: string): string {
  return offer.replaceAll(/a=(candidate:.*|end-of-candidates)\r\n/g, '')
}

/** Sends the clip in a loop at its own pace, with timestamps and numbers that never jump. */
class Sender {
  readonly #audio: Track
  readonly #video: Track
  readonly #reports = {
    audio: new RtpPacketizationConfig(ssrcs.audio, 'tailrace-test', 111, 48_000),
    video: new RtpPacketizationConfig(ssrcs.video, 'tailrace-test', 96, videoClockRate),
  }
  readonly counters = { packets: 0, keyframeRequests: 0, nacks: 0 }
  #timer: NodeJS.Timeout | undefined

  constructor(audio: Track, video: Track) {
    this.#audio = audio
    this.#video = video
    for (const [track, config] of [
      [audio, this.#reports.audio],
      [video, this.#reports.video],
    ] as const) {
      const reports = new RtcpSrReporter(config)
      reports.addToChain(new RtcpNackResponder())
      track.setMediaHandler(reports)
      track.onMessage((message) => this.#count(message))
    }
  }

  /** Wall-clock ms at which picture 0 leaves. */
  start(media: Media): number {
    const pictures = readAccessUnits(media.video).map(h264Payloads)
    const opus = readOpusPackets(media.audio)
    const audio = { payloadType: 111, ssrc: ssrcs.audio, sequenceNumber: 0 }
    const video = { payloadType: 96, ssrc: ssrcs.video, sequenceNumber: 0 }
    const origin = wallClock()
    let picture = 0
    let sound = 0
    const send = (): void => {
      const now = wallClock() - origin
      for (; sound * 20 <= now; sound++) {
        const timestamp = (sound * audioTicks) >>> 0
        this.#reports.audio.timestamp = timestamp
        const packet = rtpPacket(audio, opus[sound % opus.length]!, {
          timestamp,
          marker: false,
          video: false,
        })
        this.#send(this.#audio, packet)
      }
      for (; (picture * 1000) / media.framesPerSecond <= now; picture++) {
        const timestamp = ((picture * videoClockRate) / media.framesPerSecond) >>> 0
        this.#reports.video.timestamp = timestamp
        const payloads = pictures[picture % pictures.length]!
        payloads.forEach((payload, index) => {
          const marker = index === payloads.length - 1
          this.#send(this.#video, rtpPacket(video, payload, { timestamp, marker, video: true }))
        })
      }
      const next = Math.min(sound * 20, (picture * 1000) / media.framesPerSecond)
      this.#timer = setTimeout(send, Math.max(0, next - (wallClock() - origin)))
    }
    send()
    return origin
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #send(track: Track, packet: Buffer): void {
    if (!track.isOpen()) return
    track.sendMessageBinary(packet)
    this.counters.packets++
  }

  // RTCP of the other side: transport feedback (RFC 4585 §6.2) and payload feedback (§6.3).
  #count(message: Buffer): void {
    for (let at = 0; at + 4 <= message.length; at += 4 * (message.readUInt16BE(at + 2) + 1)) {
      const type = message[at + 1]!
      const format = message[at]! & 0x1f
      if (type === 205 && format === 1) this.counters.nacks++
      if (type === 206 && (format === 1 || format === 4)) this.counters.keyframeRequests++
    }
  }
}
