import { describe, expect, it } from 'vitest'
import { BrowserVideo } from '#load/browser-video.ts'
import { buildClip } from '#load/clip.ts'
import { ObsVideo } from '#load/obs-video.ts'
import { OutgoingTrack } from '#load/outgoing-track.ts'
import { browserLayers, obsLayers } from '#load/publisher-layers.ts'
import { newCounters, PublisherMedia } from '#load/publisher-media.ts'
import type { VideoSender } from '#load/video-sender.ts'
import { SrtpReceiver } from '#native/twin/srtp-receiver.ts'
import { SrtpSender } from '#native/twin/srtp-sender.ts'
import { isRtcp, RtpPacket } from '#rtp/packet.ts'
import { readRtcp } from '#rtp/rtcp/compound.ts'
import { unwrapRtx } from '#rtp/rtx.ts'
import { hex } from '#test/support/bytes.ts'
import { publishExtensions, repairExtensions } from '#webrtc/sdp/client-sections.ts'

const master = { key: Buffer.alloc(16, 1), salt: Buffer.alloc(14, 2) }
/** Five pictures of 40 ms: a keyframe of three packets, and four of two. */
const layer = (name: string) =>
  hex(`000001 67${name} 000001 68ce 000001 65${name}${`000001 09f0 000001 41${name}`.repeat(4)}`)
const clip = buildClip({
  video: layer('aaaa'),
  smaller: [layer('bbbb'), layer('cccc')],
  frameRate: 25,
})
const ssrc = 100

/** A publisher of three layers that starts at 0, and what a receiver makes of what it sends. */
function publishing(makeVideo: (srtp: SrtpSender) => VideoSender) {
  const srtp = new SrtpSender(1, master)
  const receiver = new SrtpReceiver(1, master)
  const sent: Buffer[] = []
  const counters = newCounters()
  const video = makeVideo(srtp)
  const media = new PublisherMedia({
    clip,
    video,
    audio: undefined,
    cname: 'me',
    srtp,
    start: 0,
    wallAtStart: 0,
    send: (datagram, length) => sent.push(Buffer.from(datagram.subarray(0, length))),
    counters,
  })
  const run = (until: number) => {
    for (let now = 0; now <= until; now++) if (media.nextTimeout <= now) media.poll(now)
  }
  const packets = () =>
    sent.splice(0).flatMap((datagram) => {
      if (isRtcp(datagram)) return []
      const plain = Buffer.alloc(datagram.length)
      return RtpPacket.parse(plain.subarray(0, receiver.unprotectRtp(datagram, plain, 0)!))!
    })
  const reports = () =>
    sent
      .splice(0)
      .filter((datagram) => isRtcp(datagram))
      .flatMap((datagram) => readRtcp(receiver.unprotectRtcp(datagram)!))
      .filter((packet) => packet.kind === 'sender-report')
  const nack = (of: number, lost: number[]) =>
    media.receive({ kind: 'nack', sender: 9, media: of, lost })
  return { run, packets, reports, nack, counters, sent }
}

const obs = () =>
  publishing((srtp) => {
    return new ObsVideo(
      obsLayers(3, ssrc).map((options) => new OutgoingTrack(options)),
      srtp,
    )
  })
const browser = () => publishing((srtp) => new BrowserVideo(browserLayers(3, ssrc), srtp))

const text = (packet: RtpPacket, id: number) => packet.extension(id)?.toString()
const layers = [0, 1, 2] as const
const of = (packets: readonly RtpPacket[], which: number) =>
  packets.filter((packet) => packet.ssrc === ssrc + which)

describe('layers as OBS sends them (INTEROP IO-20 to IO-29)', () => {
  it('have an SSRC, a RID and numbers from 0 each, and one time line', () => {
    const publisher = obs()
    publisher.run(199)
    const packets = publisher.packets()
    for (const which of layers) {
      const own = of(packets, which)
      expect(own.map(({ sequenceNumber }) => sequenceNumber)).toEqual([...Array(11).keys()])
      expect(new Set(own.map((packet) => text(packet, publishExtensions.rid)))).toEqual(
        new Set([String(which)]),
      )
      expect(new Set(own.map((packet) => text(packet, publishExtensions.mid)))).toEqual(
        new Set(['1']),
      )
      expect([...new Set(own.map(({ timestamp }) => timestamp))]).toEqual(
        [0, 1, 2, 3, 4].map((picture) => picture * 3600),
      )
    }
  })

  it('are repaired by the first layer’s packet of that number, whichever is asked for', () => {
    const publisher = obs()
    publisher.run(40)
    const sent = [...publisher.sent]
    const first = sent.filter((datagram) => !isRtcp(datagram) && datagram.readUInt32BE(8) === ssrc)
    publisher.nack(ssrc, [1])
    publisher.nack(ssrc + 2, [3])
    expect(publisher.sent.slice(sent.length)).toEqual([first[1], first[3]])
    expect(publisher.counters).toMatchObject({ repaired: 2, unrepairable: 0 })
  })

  it('share one report a second, of all of them, that is now and then another layer’s', () => {
    const publisher = obs()
    publisher.run(20_999)
    const reports = publisher.reports()
    expect(reports.map((report) => report.ssrc - ssrc)).toEqual([
      ...[...Array(9).fill(0), 1],
      ...[...Array(9).fill(0), 2],
      0,
    ])
    // Five rounds of the clip a second, 11 packets each, in three layers.
    expect(reports[1]!.packetCount).toBe(5 * 11 * 3)
    expect(reports.map(({ rtpTimestamp }) => rtpTimestamp)).toEqual(
      Array.from({ length: 21 }, (_, second) => second * 90_000),
    )
  })
})

describe('layers as a browser sends them (INTEROP IO-67)', () => {
  it('are named for a second, and every packet has its place in the transport’s count', () => {
    const publisher = browser()
    publisher.run(1199)
    const packets = publisher.packets()
    const numbers = packets.map((packet) => packet.extension(repairExtensions.transportCc))
    expect(numbers.map((number) => number!.readUInt16BE())).toEqual([...packets.keys()])
    for (const [which, rid] of ['h', 'm', 'l'].entries()) {
      const own = of(packets, which)
      const { sequenceNumber, timestamp } = own[0]!
      for (const [place, packet] of own.entries()) {
        expect(packet.sequenceNumber).toBe(sequenceNumber + place)
        const media = ((packet.timestamp - timestamp + 2 ** 32) % 2 ** 32) / 90
        expect(text(packet, publishExtensions.rid)).toBe(media < 1000 ? rid : undefined)
        expect(text(packet, publishExtensions.mid)).toBe(media < 1000 ? '1' : undefined)
      }
    }
  })

  it('are repaired by RTX on a stream of their own (RFC 4588 §4)', () => {
    const publisher = browser()
    publisher.run(40)
    const [, second] = of(publisher.packets(), 1)
    publisher.nack(ssrc + 1, [second!.sequenceNumber, second!.sequenceNumber])
    publisher.nack(ssrc + 1, [(second!.sequenceNumber + 500) & 0xffff])
    const repeats = publisher.packets()
    expect(repeats).toHaveLength(2)
    expect(repeats[1]!.sequenceNumber).toBe(repeats[0]!.sequenceNumber + 1)
    for (const repeat of repeats) {
      expect(repeat).toMatchObject({ payloadType: 97, ssrc: ssrc + 4 + 1 })
      expect(text(repeat, repairExtensions.repairedRid)).toBe('m')
      unwrapRtx(repeat, { ssrc: ssrc + 1, payloadType: 96 })
      const { sequenceNumber, timestamp, marker, payload } = second!
      expect(repeat).toMatchObject({ sequenceNumber, timestamp, marker, payload })
    }
    expect(publisher.counters).toMatchObject({ repaired: 2, unrepairable: 1 })
  })

  it('report each for itself', () => {
    const publisher = browser()
    publisher.run(1000)
    const reports = publisher.reports()
    expect(reports.map((report) => report.ssrc - ssrc)).toEqual([0, 1, 2, 0, 1, 2])
    expect(reports.slice(3).map(({ packetCount }) => packetCount)).toEqual([55, 55, 55])
  })
})
