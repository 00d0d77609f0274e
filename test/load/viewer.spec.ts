import {
  Audio,
  cleanup,
  type PeerConnection,
  RtcpNackResponder,
  RtcpSrReporter,
  RtpPacketizationConfig,
  type Track,
  Video,
} from 'node-datachannel'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { createClientContext } from '#load/client-connection.ts'
import type { Clip } from '#load/clip.ts'
import { loadClip } from '#load/clip-files.ts'
import { Viewer } from '#load/viewer.ts'
import { joinPhases } from '#load/viewer-result.ts'
import { buildRtp } from '#rtp/packet.ts'
import { AnsweringServer } from './support/answering-server.ts'

const payloadTypes = { audio: 111, video: 112 }
const ssrcs = { audio: 1111, video: 2222 }
const frameTime = 1000 / 30
/** Sent as a replay, at once; then as many more at their own pace. */
const replayed = 30
const live = 20

/** Sends a clip over libdatachannel, which answers NACKs and reports by itself. */
class Sender {
  readonly done = Promise.withResolvers<void>()
  readonly #clip: Clip
  #sequenceNumber = 65_500

  constructor(clip: Clip) {
    this.#clip = clip
  }

  use(peer: PeerConnection): void {
    const audio = new Audio('0', 'SendOnly')
    audio.addOpusCodec(payloadTypes.audio)
    audio.addSSRC(ssrcs.audio, 'test')
    peer.addTrack(audio)
    const video = new Video('1', 'SendOnly')
    video.addH264Codec(payloadTypes.video)
    video.addSSRC(ssrcs.video, 'test')
    const track = peer.addTrack(video)
    const config = new RtpPacketizationConfig(ssrcs.video, 'test', payloadTypes.video, 90_000)
    const reporter = new RtcpSrReporter(config)
    reporter.addToChain(new RtcpNackResponder())
    track.setMediaHandler(reporter)
    track.onOpen(() => this.#start(track))
  }

  #start(track: Track): void {
    const pictures = this.#clip.frames.filter(({ kind }) => kind === 'video')
    const send = (number: number) => {
      const { payloads } = pictures[number]!
      payloads.forEach((payload, index) => {
        const marker = index === payloads.length - 1
        const sequenceNumber = this.#sequenceNumber++ & 0xffff
        const timestamp = number * 3000
        const header = { ssrc: ssrcs.video, payloadType: payloadTypes.video, timestamp, marker }
        track.sendMessageBinary(buildRtp({ ...header, sequenceNumber }, payload))
      })
    }
    for (let number = 0; number < replayed; number++) send(number)
    let next = replayed
    const timer = setInterval(() => {
      send(next++)
      if (next < replayed + live) return
      clearInterval(timer)
      this.done.resolve()
    }, frameTime)
  }
}

describe('the viewer, served by libdatachannel', () => {
  let server: AnsweringServer
  afterEach(() => server.close())
  afterAll(() => cleanup())

  it('gets a picture through loss, asks for what is missing, and measures the join', async () => {
    const clip = await loadClip({})
    const sender = new Sender(clip)
    // In the first keyframe, at the wrap of the numbers, and after the replay.
    const lost = new Set([65_503, 65_535, 0, 100])
    server = await AnsweringServer.start({
      onPeer: (peer) => sender.use(peer),
      onSession: ({ proxy }) => {
        proxy.dropWhen(({ kind, direction, datagram }) => {
          const isMedia = kind === 'rtp' && direction === 'to-client'
          return isMedia && lost.delete(datagram.readUInt16BE(2))
        })
      },
    })
    const viewer = new Viewer(createClientContext(), { url: server.url, token: 'secret' })
    expect(await viewer.join()).toBeUndefined()
    await sender.done.promise
    const packets = clip.frames
      .filter(({ kind }) => kind === 'video')
      .slice(0, replayed + live)
      .reduce((count, { payloads }) => count + payloads.length, 0)
    // The last picture, and maybe a repair, is on its way still.
    await expect.poll(() => viewer.result.reception.packets, { timeout: 10_000 }).toBe(packets)
    const { join, reception, failure } = viewer.result
    await viewer.leave()

    expect(failure).toBeUndefined()
    const times = joinPhases.map((phase) => join[phase]!)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(reception).toMatchObject({ packets, lost: 0, repaired: 4 })
    expect(reception.nacked).toBeGreaterThanOrEqual(4)
    expect(server.sessions[0]).toMatchObject({
      token: 'secret',
      userAgent: expect.stringContaining('Chrome/'),
      deleted: true,
    })
  }, 20_000)
})
