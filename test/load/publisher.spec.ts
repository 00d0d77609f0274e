import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { accessUnits, splitAnnexB } from '#load/annex-b.ts'
import { createClientContext } from '#load/client-connection.ts'
import { loadClip } from '#load/clip-files.ts'
import { readOggOpus } from '#load/ogg-opus.ts'
import { Publisher, type PublisherEvent } from '#load/publisher.ts'
import { isRtcp, RtpPacket } from '#rtp/packet.ts'
import { type RtcpPacket, readRtcp } from '#rtp/rtcp/compound.ts'
import { writePli } from '#rtp/rtcp/keyframe-request.ts'
import { writeNack } from '#rtp/rtcp/nack.ts'
import { AnsweringServer } from './support/answering-server.ts'
import { depacketizeH264 } from './support/depacketize.ts'

/** Pictures after which a session has shown enough. */
const enough = 20
const pictureTicks = 3000
const videoPayloadType = 96

const demoFile = (name: string) => readFileSync(new URL(`../../demo/${name}`, import.meta.url))

/** What one session receives, as libdatachannel hands it on. */
class Reception {
  readonly video = new Map<number, RtpPacket>()
  readonly audio: RtpPacket[] = []
  readonly rtcp: RtcpPacket[] = []
  readonly enough = Promise.withResolvers<void>()
  readonly #asked = new Set<number>()

  /** @param send takes RTCP for the publisher */
  take(mid: string, datagram: Buffer, send: (rtcp: Buffer) => void): void {
    if (isRtcp(datagram)) this.rtcp.push(...readRtcp(datagram))
    else if (mid === '0') this.audio.push(RtpPacket.parse(datagram)!)
    else this.#takeVideo(RtpPacket.parse(datagram)!, send)
  }

  get payloads(): Buffer[] {
    const inOrder = [...this.video.values()].sort((a, b) => a.sequenceNumber - b.sequenceNumber)
    return inOrder
      .filter(({ timestamp }) => timestamp < enough * pictureTicks)
      .map(({ payload }) => payload)
  }

  // Numbers start at 0 in every session, so what is missing is plain to see.
  #takeVideo(packet: RtpPacket, send: (rtcp: Buffer) => void): void {
    if (this.video.size === 0) send(writePli(1, packet.ssrc))
    this.video.set(packet.sequenceNumber, packet)
    const missing: number[] = []
    for (let n = 0; n < packet.sequenceNumber; n++) if (!this.video.has(n)) missing.push(n)
    const lost = missing.filter((n) => !this.#asked.has(n))
    for (const n of lost) this.#asked.add(n)
    if (lost.length > 0) send(writeNack(1, packet.ssrc, lost))
    if (missing.length === 0 && packet.timestamp >= enough * pictureTicks) this.enough.resolve()
  }
}

describe('the publisher, received by libdatachannel', () => {
  const stopping = new AbortController()
  let server: AnsweringServer
  afterEach(async () => {
    stopping.abort()
    await server.close()
  })

  it('sends the clip as it is, repairs what was lost, and ends its session', async () => {
    const reception = new Reception()
    const lost = new Set([0, 9, 10, 30])
    server = await AnsweringServer.start({
      sends: false,
      drop: ({ kind, datagram }) => {
        const isVideo = kind === 'rtp' && (datagram[1]! & 0x7f) === videoPayloadType
        return isVideo && lost.delete(datagram.readUInt16BE(2))
      },
    })
    server.onPacket((mid, datagram) => reception.take(mid, datagram, (rtcp) => server.send(rtcp)))
    const events: PublisherEvent[] = []
    const publisher = new Publisher(createClientContext(), {
      url: server.url,
      token: 'secret',
      clip: await loadClip({}),
      persistence: 'obs',
      onEvent: (event) => events.push(event),
    })
    const ended = publisher.run(stopping.signal)

    await reception.enough.promise
    expect(server.authorization).toBe('Bearer secret')
    expect(server.userAgent).toContain('OBS-Studio')

    const expected = accessUnits(splitAnnexB(demoFile('clip.h264'))).slice(0, enough)
    const nalUnits = expected.flatMap((picture) => picture.nalUnits)
    expect(depacketizeH264(reception.payloads)).toEqual(nalUnits)

    const packets = [...reception.video.values()]
    expect(new Set(packets.map((packet) => packet.extension(1)?.toString()))).toEqual(
      new Set(['1']),
    )
    expect(new Set(packets.map((packet) => packet.extension(2)?.toString()))).toEqual(
      new Set(['0']),
    )

    const sounds = readOggOpus(demoFile('clip.opus')).slice(0, 10)
    const heard = reception.audio.slice(0, 10)
    expect(heard.map(({ payload }) => payload)).toEqual(sounds.map(({ bytes }) => bytes))
    expect(heard.every(({ marker }) => marker)).toBe(true)

    const reporters = reception.rtcp.flatMap((packet) =>
      packet.kind === 'sender-report' ? packet.ssrc : [],
    )
    const ssrcs = [heard[0]!.ssrc, packets[0]!.ssrc]
    expect(new Set(reporters)).toEqual(new Set(ssrcs))
    expect(publisher.counters).toMatchObject({ unrepairable: 0, keyframeRequests: 1 })
    expect(publisher.counters.repaired).toBeGreaterThanOrEqual(4)

    stopping.abort()
    expect(await ended).toBeUndefined()
    expect(events).toEqual([{ kind: 'publishing' }])
    expect(server.deleted).toBe(true)
  }, 20_000)
})
