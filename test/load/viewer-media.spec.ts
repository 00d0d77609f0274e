import { describe, expect, it } from 'vitest'
import type { Age } from '#load/capture-latency.ts'
import { writeCaptureMark } from '#load/capture-mark.ts'
import { HeaderCounts } from '#load/header-counts.ts'
import { readViewFormats } from '#load/view-formats.ts'
import { ViewerMedia } from '#load/viewer-media.ts'
import { SrtpReceiver } from '#native/twin/srtp-receiver.ts'
import { SrtpSender } from '#native/twin/srtp-sender.ts'
import { ntpFromWall, ntpMiddle } from '#rtp/ntp.ts'
import { buildRtp, RtpPacket } from '#rtp/packet.ts'
import { type RtcpPacket, readRtcp } from '#rtp/rtcp/compound.ts'
import { writeSenderReport } from '#rtp/rtcp/reports.ts'
import { readTransportCc } from '#rtp/rtcp/transport-cc-reader.ts'
import { wrapRtx } from '#rtp/rtx.ts'
import { hex } from '#test/support/bytes.ts'
import { parseAnswer } from '#webrtc/sdp/client.ts'

const answer = parseAnswer(
  [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0 1',
    'a=ice-lite',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    'c=IN IP4 0.0.0.0',
    'a=mid:0',
    'a=ice-ufrag:abcd',
    'a=ice-pwd:abcdefghijklmnopqrstuv',
    `a=fingerprint:sha-256 ${'AB:'.repeat(31)}AB`,
    'a=setup:active',
    'a=sendonly',
    'a=rtcp-mux',
    'a=rtpmap:111 opus/48000/2',
    'm=video 9 UDP/TLS/RTP/SAVPF 102 103',
    'c=IN IP4 0.0.0.0',
    'a=mid:1',
    'a=sendonly',
    'a=rtcp-mux',
    'a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
    'a=rtpmap:102 H264/90000',
    'a=rtcp-fb:102 transport-cc',
    'a=rtcp-fb:102 nack',
    'a=rtpmap:103 rtx/90000',
    'a=fmtp:103 apt=102',
    '',
  ].join('\r\n'),
)
const master = { key: Buffer.alloc(16, 1), salt: Buffer.alloc(12, 2) }
const video = 2000
const wallAtStart = 1_700_000_000_000
const keyframe = ['09f0', '6742c01f', '68ce3c80', '6588']

describe('the formats of an answer', () => {
  it('are what its payload types stand for', () => {
    expect(readViewFormats(answer)).toEqual({
      byPayloadType: new Map<number, unknown>([
        [111, { kind: 'audio', clockRate: 48_000 }],
        [102, { kind: 'video', clockRate: 90_000, codec: 'H264' }],
        [103, { kind: 'rtx', of: 102 }],
      ]),
      hasVideo: true,
      transportCcId: 3,
    })
  })
})

/** A viewer that is connected at 0, with a round trip of 30 ms; what it sends, decrypted. */
function viewing({ full = true } = {}) {
  const receiver = new SrtpReceiver(7, master)
  const sent: { at: number; packet: RtcpPacket }[] = []
  let now = 0
  const formats = readViewFormats(answer)
  const ages: Age[] = []
  const media = new ViewerMedia({
    formats,
    counts: new HeaderCounts(formats),
    wallAt: (at) => wallAtStart + at,
    onDeadline: () => {},
    ...(full && { onLatency: (age: Age) => ages.push(age) }),
    ssrc: 1,
    cname: 'viewer',
    send: (datagram, length) => {
      const compound = receiver.unprotectRtcp(Buffer.from(datagram.subarray(0, length)))!
      for (const packet of readRtcp(compound)) sent.push({ at: now, packet })
    },
  })
  media.connected(new SrtpSender(7, master), 30, 0)
  const run = (until: number) => {
    for (; now < until; now++) if (media.nextTimeout <= now) media.poll(now)
  }
  const packet = (
    sequenceNumber: number,
    payload: string,
    { marker = false, at = 0, twcc = -1 } = {},
  ) => {
    const extensions = twcc < 0 ? [] : [{ id: 3, data: hex(twcc.toString(16).padStart(4, '0')) }]
    const timestamp = 90 * at
    const header = { payloadType: 102, ssrc: video, sequenceNumber, timestamp, marker, extensions }
    return buildRtp(header, hex(payload))
  }
  const receive = (bytes: Buffer) => {
    const wanted = media.wantsRtp(bytes, now)
    if (wanted) media.rtp(bytes, bytes.length, now)
    return wanted
  }
  const counters = () => media.counters(now)
  const kinds = (kind: RtcpPacket['kind']) => sent.filter((each) => each.packet.kind === kind)
  return { media, run, packet, receive, kinds, counters, ages }
}

describe('a viewer', () => {
  it('asks for what is missing, and counts the repair that comes by RTX', () => {
    const { media, run, packet, receive, kinds, counters } = viewing()
    receive(packet(10, keyframe[0]!))
    receive(packet(11, keyframe[1]!))
    receive(packet(13, keyframe[3]!, { marker: true }))
    run(20)
    expect(kinds('nack').map(({ packet: nack }) => nack)).toEqual([
      { kind: 'nack', sender: 1, media: video, lost: [12] },
    ])
    expect(media.keyframeAt).toBeUndefined()
    expect(counters()).toMatchObject({ packets: 3, lost: 1, repaired: 0, nacked: 1 })

    const repair = Buffer.alloc(64)
    const original = RtpPacket.parse(packet(12, keyframe[2]!))!
    const rtx = { ssrc: 2001, payloadType: 103, sequenceNumber: 1 }
    receive(repair.subarray(0, wrapRtx(original, rtx, repair, 0)))
    expect(media.keyframeAt).toBe(20)
    expect(counters()).toMatchObject({ packets: 4, lost: 0, repaired: 1, duplicates: 0 })
    run(400)
    expect(kinds('nack')).toHaveLength(1)
  })

  it('counts what comes twice once, and padding on the RTX stream not at all', () => {
    const { packet, receive, counters } = viewing()
    receive(packet(10, keyframe[0]!))
    receive(packet(10, keyframe[0]!))
    receive(buildRtp({ payloadType: 103, ssrc: 2001, sequenceNumber: 1, timestamp: 0 }, hex('')))
    expect(counters()).toMatchObject({ packets: 1, duplicates: 1, lost: 0 })
  })

  it('sends a PLI after 500 ms without a keyframe, then every second until there is one', () => {
    const { run, packet, receive, kinds } = viewing()
    receive(packet(1, '419a', { marker: true }))
    run(2600)
    expect(kinds('pli').map(({ at }) => at)).toEqual([500, 1500, 2500])
    keyframe.forEach((payload, index) => {
      receive(packet(2 + index, payload, { marker: index === 3, at: 2600 }))
    })
    run(9000)
    expect(kinds('pli')).toHaveLength(3)
  })

  it('sends a PLI when a loss after the keyframe is never repaired', () => {
    const { run, packet, receive, kinds, counters } = viewing()
    keyframe.forEach((payload, index) => {
      receive(packet(1 + index, payload, { marker: index === 3 }))
    })
    receive(packet(6, '419a', { marker: true, at: 40 }))
    for (let at = 60; at < 1900; at += 20) {
      run(at)
      receive(packet(6 + (at - 40) / 20, '419a', { marker: true, at }))
    }
    expect(kinds('pli')).toHaveLength(1)
    expect(counters().keyframeRequests).toBe(1)
    expect(kinds('nack').length).toBeGreaterThan(3)
  })

  it('tells when packets came, by their transport-wide numbers', () => {
    const { run, packet, receive, kinds } = viewing()
    receive(packet(1, '419a', { twcc: 7 }))
    run(8)
    receive(packet(2, '419a', { twcc: 9 }))
    run(300)
    const told = kinds('transport-cc').flatMap(({ packet: each }) => {
      if (each.kind !== 'transport-cc') return []
      expect(each).toMatchObject({ sender: 1, media: video })
      return readTransportCc(each.packet)!.arrivals
    })
    expect(told.map(({ sequenceNumber }) => sequenceNumber)).toEqual([7, 9])
    expect(told[1]!.arrivedAt - told[0]!.arrivedAt).toBe(8 * 4)
  })

  it('reports every second, with the echo of the sender report', () => {
    const { media, run, packet, receive, kinds } = viewing()
    receive(packet(1, '419a', { marker: true }))
    run(500)
    const ntp = ntpFromWall(1_700_000_000_000)
    const counts = { rtpTimestamp: 0, packetCount: 1, octetCount: 2, reports: [] }
    media.rtcp(writeSenderReport({ ssrc: video, ntp, ...counts }), 500)
    receive(packet(3, '419a', { marker: true, at: 40 }))
    run(2500)
    const reports = kinds('receiver-report')
    expect(reports.map(({ at }) => at)).toEqual([1000, 2000])
    expect(reports[0]!.packet).toMatchObject({
      ssrc: 1,
      reports: [
        {
          ssrc: video,
          fractionLost: Math.floor(256 / 3),
          cumulativeLost: 1,
          highestSequence: 3,
          lastSenderReport: ntpMiddle(ntp),
          delaySinceLastSenderReport: 65_536 / 2,
        },
      ],
    })
  })

  it('is not moved by payload types that were not agreed on, nor by broken packets', () => {
    const { media, receive, counters } = viewing()
    receive(buildRtp({ payloadType: 50, ssrc: 5, sequenceNumber: 1, timestamp: 0 }, hex('00')))
    receive(hex('80'))
    media.rtcp(hex('80c8'), 0)
    expect(counters().packets).toBe(0)
  })

  it('is decrypted in full, or until there is a picture and what RTX brings', () => {
    const counted = viewing({ full: false })
    const wanted = keyframe.map((payload, index) => {
      return counted.receive(counted.packet(1 + index, payload, { marker: index === 3 }))
    })
    expect(wanted).toEqual([true, true, true, true])
    expect(counted.media.keyframeAt).toBe(0)
    expect(counted.receive(counted.packet(5, '419a', { marker: true }))).toBe(false)
    const rtx = { payloadType: 103, ssrc: 2001, sequenceNumber: 1, timestamp: 0 }
    expect(counted.receive(buildRtp(rtx, hex('0001')))).toBe(true)
    expect(counted.counters().packets).toBe(5)

    const { packet, receive } = viewing()
    for (const [index, payload] of keyframe.entries()) {
      receive(packet(1 + index, payload, { marker: index === 3 }))
    }
    expect(receive(packet(5, '419a', { marker: true }))).toBe(true)
  })

  it('measures the age of pictures by the sender report, once a replay is over', () => {
    const { media, run, packet, receive, ages } = viewing()
    const counts = { packetCount: 1, octetCount: 2, reports: [] }
    // At wall time 0 of the test, a picture with RTP time 0 was captured 30 ms before.
    const ntp = ntpFromWall(wallAtStart - 30)
    for (let at = 0; at < 2500; at += 40) {
      run(at)
      receive(packet(1 + at / 40, '419a', { marker: true, at }))
      if (at === 0)
        media.rtcp(writeSenderReport({ ssrc: video, ntp, rtpTimestamp: 0, ...counts }), 0)
    }
    // From 2 s on: 2000, 2040 … 2480.
    expect(ages).toHaveLength(13)
    for (const { ms, isMarked } of ages) {
      expect(ms).toBeCloseTo(30, 2)
      expect(isMarked).toBe(false)
    }
    receive(packet(100, writeCaptureMark(wallAtStart + 2455).toString('hex'), { at: 2500 }))
    run(2540)
    receive(packet(101, '419a', { marker: true, at: 2540 }))
    expect(ages.at(-1)!.ms).toBeCloseTo(45, 2)
    expect(ages.at(-1)!.isMarked).toBe(true)
  })
})
