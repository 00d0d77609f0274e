import { parse } from 'sdp-transform'
import { describe, expect, it } from 'vitest'
import { parseOffer } from '#webrtc/sdp/offer.ts'
import { answerPublisher } from '#webrtc/sdp/publish-answer.ts'
import { local, publisherOffers, realOffer } from './offers.ts'

const obs = realOffer('obs-32.2.2/single-layer/post.sdp')
const obsSimulcast = realOffer('obs-32.2.2/simulcast-3-layers/post.sdp')
const chromiumSimulcast = realOffer('chromium-156/offer-sendonly-simulcast.trickle.sdp')
const firefox = realOffer('firefox-159/offer-sendonly-simulcast.trickle.sdp')
const ffmpeg = realOffer('ffmpeg-9.0.2/default/post.sdp')

const answer = (sdp: string) => answerPublisher(parseOffer(sdp), local)
/** The answer as another parser reads it; it makes numbers of names that look like some. */
const reread = (sdp: string) => parse(answer(sdp).answer)

const ridUri = 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id'

const named = ({ value, uri }: { value: number; uri: string }) => `${value} ${uri}`

describe('the answer to every real publisher', () => {
  it.each(publisherOffers)('$name', ({ sdp }) => {
    const offer = parse(sdp)
    const { answer: text } = answer(sdp)
    const read = parse(text)
    expect(text.startsWith('v=0\r\n')).toBe(true)
    expect(
      text
        .split('\r\n')
        .slice(0, -1)
        .every((line) => /^[a-z]=/.test(line)),
    ).toBe(true)
    // IO-41: ffmpeg reads no more.
    expect(Buffer.byteLength(text)).toBeLessThan(8192)
    // ICE-5.
    expect(read.icelite).toBe('ice-lite')
    // WHIP-96: all sections, in one group, in their order.
    expect(read.groups).toEqual([
      { type: 'BUNDLE', mids: offer.media.map(({ mid }) => mid).join(' ') },
    ])
    expect(read.media.map(({ type, mid }) => [type, mid])).toEqual(
      offer.media.map(({ type, mid }) => [type, mid]),
    )
    const setup = sdp.includes('a=setup:active') ? 'passive' : 'active'
    for (const [index, media] of read.media.entries()) {
      const offered = offer.media[index]!
      expect(media).toMatchObject({
        port: 9, // WHIP-100
        direction: 'recvonly', // WHIP-23
        setup, // INTEROP over WHIP-107
        iceUfrag: local.ufrag,
        icePwd: local.password,
        fingerprint: { type: 'sha-256', hash: local.fingerprint.value },
        rtcpMux: 'rtcp-mux', // WHIP-98
        protocol: offered.protocol,
      })
      expect(media.rtcpRsize).toBe(offered.rtcpRsize)
      // WHIP-113, WHIP-114: nothing that was not offered, under the ids of the offer.
      expect((offered.ext ?? []).map(named)).toEqual(
        expect.arrayContaining((media.ext ?? []).map(named)),
      )
      expect(offered.rtp).toEqual(expect.arrayContaining(media.rtp))
      expect(offered.fmtp).toEqual(expect.arrayContaining(media.fmtp))
      expect(offered.rtcpFb ?? []).toEqual(expect.arrayContaining(media.rtcpFb ?? []))
      // One codec, and its RTX.
      expect(media.rtp.filter(({ codec }) => codec !== 'rtx')).toHaveLength(1)
      expect(String(media.payloads)).toBe(media.rtp.map(({ payload }) => payload).join(' '))
    }
    // WHIP-111, IO-41: every candidate, UDP, in our order, on the tagged section.
    expect(read.media[0]!.endOfCandidates).toBe('end-of-candidates')
    expect(read.media[0]!.candidates).toEqual([
      {
        foundation: 1,
        component: 1,
        transport: 'udp',
        priority: 2_130_706_431,
        ip: '203.0.113.5',
        port: 8189,
        type: 'host',
      },
      {
        foundation: 2,
        component: 1,
        transport: 'udp',
        priority: 2_130_706_175,
        ip: '2001:db8::5',
        port: 8189,
        type: 'host',
      },
    ])
    expect(read.media[1]!.candidates).toBeUndefined()
    // WHIP-118, IO-24: every layer, in the offered order.
    const simulcast = offer.media.find(({ type }) => type === 'video')?.simulcast
    const video = read.media.find(({ type }) => type === 'video')!
    expect(video.simulcast?.list1).toBe(simulcast?.list1)
    expect(video.simulcast?.dir1).toBe(simulcast && 'recv')
    expect((video.rids ?? []).map(({ id, direction }) => `${id} ${direction}`)).toEqual(
      (simulcast?.list1 ?? '')
        .split(';')
        .filter(Boolean)
        .map((rid) => `${rid} recv`),
    )
  })
})

describe('what is agreed', () => {
  it('OBS: parameters as it gave them (IO-20)', () => {
    const { publication } = answer(obs)
    expect(publication).toEqual({
      transport: {
        dtlsRole: 'client',
        remoteUfrag: 'RH3A',
        remotePassword: 'psh4C0L3k6HS2de0mBJsES',
        remoteFingerprints: parseOffer(obs).fingerprints,
      },
      audio: {
        kind: 'audio',
        mid: '0',
        codec: 'opus',
        payloadType: 111,
        clockRate: 48_000,
        channels: 2,
        parameters: parseOffer(obs).media[0]!.codecs[0]!.parameters,
        feedback: new Set(),
        extensions: {},
        rtcpRsize: false,
        ssrcs: [{ ssrc: 4_110_535_294, cname: 'xQCjdQUBKvlzUPTc' }],
        fidGroups: [],
        layers: [],
      },
      video: {
        kind: 'video',
        mid: '1',
        codec: 'H264',
        payloadType: 96,
        clockRate: 90_000,
        profile: '42e01f',
        parameters: parseOffer(obs).media[1]!.codecs[0]!.parameters,
        feedback: new Set(['nack', 'nack pli', 'goog-remb']),
        extensions: { mid: 1, rid: 2 },
        rtcpRsize: false,
        ssrcs: [{ ssrc: 4_110_535_295, cname: 'xQCjdQUBKvlzUPTc' }],
        fidGroups: [],
        layers: [],
      },
    })
    expect(reread(obs).media[0]!.fmtp[0]!.config).toBe(
      'minptime=10;maxaveragebitrate=96000;stereo=1;sprop-stereo=1;useinbandfec=1',
    )
  })

  it('OBS: layers without SSRCs (IO-24)', () => {
    const { video } = answer(obsSimulcast).publication
    expect(video?.layers.map(({ rid }) => rid)).toEqual(['0', '1', '2'])
    expect(video?.ssrcs).toEqual([])
  })

  it('ffmpeg: RTX, no extension, and we are DTLS client or server (IO-40)', () => {
    const { publication } = answer(ffmpeg)
    expect(publication.transport.dtlsRole).toBe('client')
    expect(publication.video).toMatchObject({
      codec: 'H264',
      payloadType: 106,
      rtxPayloadType: 105,
      extensions: {},
      feedback: new Set(['nack']),
      rtcpRsize: true,
      fidGroups: [{ media: 1_264_154_444, repair: 1_264_154_445 }],
    })
    const active = answer(realOffer('ffmpeg-9.0.2/dtls-active/post.sdp'))
    expect(active.publication.transport.dtlsRole).toBe('server')
  })

  it('Chromium: transport-wide feedback, mid, rid and repaired rid (IO-70, WHIP-121)', () => {
    const { audio, video } = answer(chromiumSimulcast).publication
    expect(audio?.extensions).toEqual({ mid: 4, transportCc: 3 })
    expect(audio?.feedback).toEqual(new Set(['transport-cc']))
    expect(video).toMatchObject({
      codec: 'VP8',
      payloadType: 96,
      rtxPayloadType: 97,
      extensions: { mid: 4, rid: 10, repairedRid: 11, transportCc: 3 },
      feedback: new Set(['nack', 'nack pli', 'ccm fir', 'transport-cc', 'goog-remb']),
    })
    expect(reread(chromiumSimulcast).extmapAllowMixed).toBe('extmap-allow-mixed')
  })

  it('Firefox: one-way extensions are answered the other way (RFC 8285 §7)', () => {
    const video = reread(firefox).media[1]!
    expect(video.ext).toContainEqual({ value: 10, direction: 'recvonly', uri: ridUri })
    expect(video.ext?.map(({ uri }) => uri)).not.toContain(
      'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
    )
  })
})
