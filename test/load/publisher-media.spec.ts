import { describe, expect, it } from 'vitest'
import { readCaptureMark } from '#load/capture-mark.ts'
import { buildClip } from '#load/clip.ts'
import { ObsVideo } from '#load/obs-video.ts'
import { OutgoingTrack } from '#load/outgoing-track.ts'
import { newCounters, PublisherMedia } from '#load/publisher-media.ts'
import { SrtpReceiver } from '#native/twin/srtp-receiver.ts'
import { SrtpSender } from '#native/twin/srtp-sender.ts'
import { wallFromNtp } from '#rtp/ntp.ts'
import { isRtcp, RtpPacket } from '#rtp/packet.ts'
import { readRtcp } from '#rtp/rtcp/compound.ts'
import { hex } from '#test/support/bytes.ts'
import { oggOpus } from './support/ogg.ts'

const master = { key: Buffer.alloc(16, 1), salt: Buffer.alloc(14, 2) }
const idr = '000001 09f0 000001 6742c01f 000001 68ce3c80 000001 6588'
const delta = '000001 09f0 000001 419a'
/** Five pictures of 40 ms, ten sounds of 20 ms. */
const clip = buildClip({
  video: hex(idr + delta.repeat(4)),
  audio: oggOpus(
    Array.from({ length: 10 }, (_, i) => Buffer.from([0xfc, i])),
    50,
  ),
  frameRate: 25,
})
const wallAtStart = 1_700_000_000_000

/** A publisher that starts at 0, and what a receiver makes of what it sends. */
function publishing({
  history = 64,
  firstSequenceNumber = 0,
  firstTimestamp = 0,
  marks = false,
} = {}) {
  const srtp = new SrtpSender(1, master)
  const receiver = new SrtpReceiver(1, master)
  const numbers = { firstSequenceNumber, firstTimestamp, extensions: [], history }
  const videoTrack = new OutgoingTrack({
    ssrc: 2,
    payloadType: 96,
    clockRate: 90_000,
    ...numbers,
  })
  const sent: Buffer[] = []
  const counters = newCounters()
  const media = new PublisherMedia({
    clip,
    video: new ObsVideo([videoTrack], srtp),
    audio: new OutgoingTrack({ ssrc: 1, payloadType: 111, clockRate: 48_000, ...numbers }),
    marks,
    cname: 'me',
    srtp,
    start: 0,
    wallAtStart,
    send: (datagram, length) => sent.push(Buffer.from(datagram.subarray(0, length))),
    counters,
  })
  const run = (until: number) => {
    for (let now = 0; now <= until; now++) if (media.nextTimeout <= now) media.poll(now)
  }
  const packets = () =>
    sent
      .filter((datagram) => !isRtcp(datagram))
      .map((datagram) => {
        const plain = Buffer.alloc(datagram.length)
        return RtpPacket.parse(plain.subarray(0, receiver.unprotectRtp(datagram, plain, 0)!))!
      })
  const reports = () =>
    sent
      .filter((datagram) => isRtcp(datagram))
      .flatMap((datagram) => readRtcp(receiver.unprotectRtcp(datagram)!))
      .filter((packet) => packet.kind === 'sender-report')
  return { media, sent, counters, run, packets, reports }
}

describe('what a publisher sends', () => {
  it('goes on in sequence and time when the clip begins again', () => {
    const publisher = publishing({ firstSequenceNumber: 65_530, firstTimestamp: 2 ** 32 - 1000 })
    publisher.run(399)
    const packets = publisher.packets()
    const video = packets.filter(({ ssrc }) => ssrc === 2)
    const perRound = 4 + 4 * 2
    expect(video.map(({ sequenceNumber }) => sequenceNumber)).toEqual(
      Array.from({ length: 2 * perRound }, (_, i) => (65_530 + i) & 0xffff),
    )
    const times = [...new Set(video.map(({ timestamp }) => timestamp))]
    expect(times).toEqual(
      Array.from({ length: 10 }, (_, i) => (i * 3600 + 2 ** 32 - 1000) % 2 ** 32),
    )
    expect(packets.filter(({ ssrc }) => ssrc === 1)).toHaveLength(20)
  })

  it('has the marker bit on the last packet of a picture, and on every sound', () => {
    const publisher = publishing()
    publisher.run(79)
    const marked = publisher.packets().map(({ ssrc, marker }) => `${ssrc}${marker ? '!' : ''}`)
    expect(marked.join(' ')).toBe('2 2 2 2! 1! 1! 2 2! 1! 1!')
  })

  it('carries its capture time in one picture of each second, if wanted, behind the delimiter', () => {
    const publisher = publishing({ marks: true, history: 256 })
    publisher.run(2100)
    const video = publisher.packets().filter(({ ssrc }) => ssrc === 2)
    const marks = video.flatMap(({ bytes, payloadStart, payloadEnd, timestamp }, place) => {
      const captured = readCaptureMark(bytes, payloadStart, payloadEnd)
      return captured === undefined ? [] : [{ captured, timestamp, place }]
    })
    // The first picture of each round is a keyframe.
    expect(marks.map(({ captured }) => captured - wallAtStart)).toEqual([40, 1040, 2040])
    expect(marks.map(({ timestamp }) => timestamp / 90)).toEqual([40, 1040, 2040])
    for (const { place } of marks) {
      expect(video[place - 1]!.payload[0]! & 0x1f).toBe(9)
      expect(video[place + 1]).toMatchObject({ marker: true, timestamp: video[place]!.timestamp })
    }
  })

  it('is reported every second, media time and wall time together', () => {
    const publisher = publishing()
    publisher.run(2000)
    const reports = publisher.reports()
    const told = reports.map(({ ssrc, ntp, rtpTimestamp, packetCount }) => {
      return { ssrc, wall: Math.round(wallFromNtp(ntp)), rtpTimestamp, packetCount }
    })
    const at = (seconds: number, video: number, audio: number) => {
      const wall = wallAtStart + seconds * 1000
      return [
        { ssrc: 2, wall, rtpTimestamp: seconds * 90_000, packetCount: video },
        { ssrc: 1, wall, rtpTimestamp: seconds * 48_000, packetCount: audio },
      ]
    }
    expect(told).toEqual([...at(0, 0, 0), ...at(1, 60, 50), ...at(2, 120, 100)])
  })
})

describe('a NACK (INTEROP IO-23)', () => {
  const nack = (lost: number[], media = 2) => ({ kind: 'nack', sender: 9, media, lost }) as const

  it('is answered with the same bytes', () => {
    const publisher = publishing()
    publisher.run(100)
    const before = [...publisher.sent]
    publisher.media.receive(nack([1, 4]))
    const again = publisher.sent.slice(before.length)
    const video = before.filter((datagram) => !isRtcp(datagram) && datagram.readUInt32BE(8) === 2)
    expect(again).toEqual([video[1], video[4]])
    expect(publisher.counters).toMatchObject({ repaired: 2, unrepairable: 0 })
  })

  it.each`
    what                         | lost        | media
    ${'never sent'}              | ${[500]}    | ${2}
    ${'from before the session'} | ${[65_535]} | ${2}
    ${'past its memory'}         | ${[0]}      | ${2}
    ${'of another source'}       | ${[40]}     | ${77}
  `('for what was $what gets nothing', ({ lost, media }) => {
    const publisher = publishing({ history: 16 })
    publisher.run(1000)
    const before = publisher.sent.length
    publisher.media.receive(nack(lost, media))
    expect(publisher.sent).toHaveLength(before)
  })
})

it('PLI and FIR change nothing (INTEROP IO-22)', () => {
  const publisher = publishing()
  publisher.run(10)
  const before = publisher.sent.length
  publisher.media.receive({ kind: 'pli', sender: 9, media: 2 })
  publisher.media.receive({ kind: 'fir', sender: 9, requests: [] })
  publisher.run(19)
  expect(publisher.sent).toHaveLength(before)
  expect(publisher.counters.keyframeRequests).toBe(2)
})
