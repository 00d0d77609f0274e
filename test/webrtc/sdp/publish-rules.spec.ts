import { parse } from 'sdp-transform'
import { describe, expect, it } from 'vitest'
import { parseOffer } from '#webrtc/sdp/offer.ts'
import { answerPublisher } from '#webrtc/sdp/publish-answer.ts'
import { edited, local, realOffer } from './offers.ts'

const obs = realOffer('obs-32.2.2/single-layer/post.sdp')
const obsSimulcast = realOffer('obs-32.2.2/simulcast-3-layers/post.sdp')
const chromium = realOffer('chromium-156/offer-sendonly.trickle.sdp')
const firefox = realOffer('firefox-159/offer-sendonly-simulcast.trickle.sdp')

const answer = (sdp: string) => answerPublisher(parseOffer(sdp), local)
/** The answer as another parser reads it; it makes numbers of names that look like some. */
const reread = (sdp: string) => parse(answer(sdp).answer)

const midUri = 'urn:ietf:params:rtp-hdrext:sdes:mid'
const ridUri = 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id'
const transportCcUri = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01'

// Lists of the section's codecs, by payload type, in another order or without some.
const onlyFormats = (sdp: string, formats: string) =>
  edited(sdp, /(m=video 9 \S+) [\d ]+/, `$1 ${formats}`)

describe('the codec is the first that we carry', () => {
  it.each`
    formats              | codec     | payloadType | rtxPayloadType | why
    ${'102 103 96 97'}   | ${'H264'} | ${102}      | ${103}         | ${'as the publisher prefers'}
    ${'104 107 108 109'} | ${'H264'} | ${108}      | ${109}         | ${'packetization-mode 1 before 0'}
    ${'104 107'}         | ${'H264'} | ${104}      | ${107}         | ${'mode 0 when there is no other'}
    ${'118 120 98 99'}   | ${'VP9'}  | ${98}       | ${99}          | ${'RED and FEC are none'}
    ${'100 101'}         | ${'VP9'}  | ${100}      | ${101}         | ${'VP9 in ten bits too'}
    ${'45 46'}           | ${'AV1'}  | ${45}       | ${46}          | ${'AV1 in profile 0'}
    ${'96'}              | ${'VP8'}  | ${96}       | ${undefined}   | ${'without RTX'}
  `('of $formats: $codec, $why', ({ formats, codec, payloadType, rtxPayloadType }) => {
    const { video } = answer(onlyFormats(chromium, formats)).publication
    expect(video?.codec).toBe(codec)
    expect(video?.payloadType).toBe(payloadType)
    expect(video?.rtxPayloadType).toBe(rtxPayloadType)
  })

  it('H265 too', () => {
    expect(answer(edited(obs, 'H264/90000', 'H265/90000')).publication.video?.codec).toBe('H265')
  })

  it('Opus in any case of letters (IO-12)', () => {
    expect(answer(edited(obs, 'opus/48000/2', 'OPUS/48000/2')).answer).toContain('OPUS/48000/2')
  })
})

describe('sections', () => {
  it('video alone and audio alone are publications (WHIP-103)', () => {
    const audio = edited(obs.slice(0, obs.indexOf('m=video')), 'BUNDLE 0 1', 'BUNDLE 0')
    expect(Object.keys(answer(audio).publication)).toEqual(['transport', 'audio'])
    const video = edited(
      obs.slice(0, obs.indexOf('m=audio')) + obs.slice(obs.indexOf('m=video')),
      'BUNDLE 0 1',
      'BUNDLE 1',
    )
    expect(Object.keys(answer(video).publication)).toEqual(['transport', 'video'])
  })

  it('port 0 with bundle-only is answered with port 9 (IO-12, IO-69, WHIP-100)', () => {
    const bundled = edited(
      edited(firefox, 'm=video 9', 'm=video 0'),
      'a=mid:1',
      'a=bundle-only\r\na=mid:1',
    )
    expect(reread(bundled).media[1]).toMatchObject({ port: 9, direction: 'recvonly' })
    expect(answer(bundled).answer).not.toContain('bundle-only')
  })

  it('port 0 alone stays off, outside of the group (RFC 3264 §6)', () => {
    const off = reread(edited(obs, 'm=video 9', 'm=video 0'))
    expect(off.groups).toEqual([{ type: 'BUNDLE', mids: 0 }])
    expect(off.media[1]).toMatchObject({ port: 0, direction: 'inactive', mid: 1 })
  })

  it('rtcp-mux-only is said where it was offered (WHIP-98)', () => {
    const only = answer(obs.replaceAll('a=rtcp-mux\r\n', 'a=rtcp-mux-only\r\n')).answer
    expect(only.match(/a=rtcp-mux-only\r\n/g)).toHaveLength(2)
    expect(answer(obs).answer).not.toContain('rtcp-mux-only')
  })

  it('sendrecv and no direction are answered recvonly (WHIP-22..24)', () => {
    expect(reread(obs.replaceAll('a=sendonly', 'a=sendrecv')).media[0]!.direction).toBe('recvonly')
    expect(reread(obs.replaceAll('a=sendonly\r\n', '')).media[1]!.direction).toBe('recvonly')
  })

  it('transport-wide numbers are accepted only with their feedback', () => {
    const without = chromium.replace(/a=rtcp-fb:\d+ transport-cc\r\n/g, '')
    expect(answer(without).publication.video?.extensions).toEqual({
      mid: 4,
      rid: 10,
      repairedRid: 11,
    })
    expect(answer(without).answer).not.toContain(transportCcUri)
  })

  it('an extension that the publisher can only receive is left out (RFC 8285 §7)', () => {
    const { answer: text, publication } = answer(edited(obs, 'a=extmap:1 ', 'a=extmap:1/recvonly '))
    expect(publication.video?.extensions).toEqual({ rid: 2 })
    expect(text).not.toContain(midUri)
  })

  it('of two RTX formats for one codec the first counts', () => {
    const two = edited(chromium, 'a=fmtp:99 apt=98', 'a=fmtp:99 apt=96')
    expect(answer(two).publication.video?.rtxPayloadType).toBe(97)
  })

  it('two-byte headers and MediaStreams are allowed where they were (RFC 8285 §6)', () => {
    const session = (sdp: string) => answer(sdp).answer.split('m=audio')[0]
    expect(session(firefox)).not.toContain('extmap-allow-mixed')
    expect(reread(firefox).media.map(({ extmapAllowMixed }) => extmapAllowMixed)).toEqual([
      'extmap-allow-mixed',
      'extmap-allow-mixed',
    ])
    expect(session(chromium)).toContain('a=extmap-allow-mixed\r\na=msid-semantic: WMS *\r\n')
    expect(answer(edited(obs, /a=msid-semantic.*\r\n/, '')).answer).not.toMatch(/msid|extmap-allow/)
  })

  it('simulcast that cannot be told apart is one stream (WHIP-119)', () => {
    const without = edited(obsSimulcast, `a=extmap:2 ${ridUri}\r\n`, '')
    expect(answer(without).publication.video?.layers).toEqual([])
    expect(answer(without).answer).not.toMatch(/a=(rid|simulcast)/)
    expect(answer(without).answer).toContain(midUri)
  })

  it('layers without an a=rid line are left out (RFC 8853 §5.3.2)', () => {
    const { publication } = answer(edited(obsSimulcast, 'a=rid:1 send\r\n', ''))
    expect(publication.video?.layers.map(({ rid }) => rid)).toEqual(['0', '2'])
  })

  it('a missing or empty msid is one stream (WHIP-102)', () => {
    expect(() => answer(obs.replace(/a=msid:.*/g, 'a=msid:- x'))).not.toThrow()
    expect(() => answer(obs.replace(/a=msid:.*\r\n/g, ''))).not.toThrow()
  })
})

describe('refusals: the whole offer or nothing (RFC 9725 §4.4.2, §4.4.3)', () => {
  const data = 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\na=sctp-port:5000\r\n'
  const second = obs
    .slice(obs.indexOf('m=video'))
    .replace('a=mid:1', 'a=mid:2')
    .replace(/4110535295/g, '7')
  const three = edited(obs, 'BUNDLE 0 1', 'BUNDLE 0 1 2')
  it.each`
    clause                               | sdp                                                                    | message
    ${'recvonly (WHIP-22)'}              | ${obs.replaceAll('a=sendonly', 'a=recvonly')}                          | ${'section "0" is recvonly'}
    ${'inactive (WHIP-22)'}              | ${edited(obs, 'a=sendonly', 'a=inactive')}                             | ${'inactive'}
    ${'two video tracks (WHIP-103)'}     | ${three + second}                                                      | ${'two video sections'}
    ${'a data channel (WHIP-115)'}       | ${three + data}                                                        | ${'"application"'}
    ${'two streams (WHIP-102)'}          | ${edited(obs, /a=msid:\S+ \S+-video/, 'a=msid:other video')}           | ${'a=msid'}
    ${'no Opus (WHIP-105)'}              | ${edited(obs, 'opus/48000/2', 'PCMU/8000')}                            | ${'no Opus'}
    ${'no known video codec (WHIP-105)'} | ${edited(obs, 'H264/90000', 'theora/90000')}                           | ${'none of H264'}
    ${'video at the rate of audio'}      | ${edited(obs, 'H264/90000', 'H264/48000')}                             | ${'none of H264'}
    ${'VP9 in 4:4:4 only'}               | ${edited(onlyFormats(chromium, '98'), 'profile-id=0', 'profile-id=1')} | ${'none of H264'}
    ${'AV1 in 4:4:4 only'}               | ${edited(onlyFormats(chromium, '45'), 'profile=0', 'profile=1')}       | ${'none of H264'}
  `('$clause', ({ sdp, message }) => {
    expect(() => answer(sdp)).toThrow(expect.objectContaining({ code: 'unacceptable-offer' }))
    expect(() => answer(sdp)).toThrow(message)
  })
})

describe('candidates (RFC 8445 §5.1.2, ICE-6..10)', () => {
  it('one address with two ports is one foundation, and priorities are unique', () => {
    const address = '203.0.113.5'
    const candidates = [8189, 8190, 8191].map((port) => {
      return { transport: 'udp' as const, address, port }
    })
    const { answer: text } = answerPublisher(parseOffer(obs), { ...local, candidates })
    const read = parse(text).media[0]!.candidates!
    expect(read.map(({ foundation }) => foundation)).toEqual([1, 1, 1])
    expect(new Set(read.map(({ priority }) => priority)).size).toBe(3)
    expect(read.map(({ port }) => port)).toEqual([8189, 8190, 8191])
  })

  it('TCP comes after UDP and below it, and waits to be connected to (RFC 6544 §4.5, ICE-72)', () => {
    const at = [
      { address: '203.0.113.5', port: 8189 },
      { address: '2001:db8::5', port: 8189 },
    ]
    const candidates = (['tcp', 'udp'] as const).flatMap((transport) => {
      return at.map((one) => ({ transport, ...one }))
    })
    const { answer: text } = answerPublisher(parseOffer(obs), { ...local, candidates })
    expect(text.match(/^a=candidate:.*$/gm)!.map((line) => line.trim())).toEqual([
      'a=candidate:3 1 udp 2130706431 203.0.113.5 8189 typ host',
      'a=candidate:4 1 udp 2130706175 2001:db8::5 8189 typ host',
      'a=candidate:1 1 tcp 1520435199 203.0.113.5 8189 typ host tcptype passive',
      'a=candidate:2 1 tcp 1520434943 2001:db8::5 8189 typ host tcptype passive',
    ])
  })
})
