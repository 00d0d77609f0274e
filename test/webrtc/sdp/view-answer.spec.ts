import { parse } from 'sdp-transform'
import { describe, expect, it } from 'vitest'
import { parseOffer } from '#webrtc/sdp/offer.ts'
import { answerViewer } from '#webrtc/sdp/view-answer.ts'
import type { ViewWishes } from '#webrtc/sdp/viewed-track.ts'
import { edited, local, realOffer, viewerOffers } from './offers.ts'

const chromium = realOffer('chromium-156/offer-recvonly.trickle.sdp')
const firefox = realOffer('firefox-159/offer-recvonly.trickle.sdp')
const videoFirst = realOffer('chromium-156/eyevinn-player-0.13.0-view/post.sdp')

const opus = { codec: 'opus' } as const
const vp8 = { audio: opus, video: { codec: 'VP8' } } as const
/** What OBS really sends by default (IO-20). */
const high = { codec: 'H264', profileLevelId: '640028' } as const

const answer = (sdp: string, wanted: ViewWishes = vp8) =>
  answerViewer(parseOffer(sdp), wanted, local)
/** The answer as another parser reads it; it makes numbers of names that look like some. */
const reread = (sdp: string, wanted: ViewWishes = vp8) => parse(answer(sdp, wanted).answer)

const playoutDelayUri = 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay'
const transportCcUri = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01'

describe('the answer to every real viewer', () => {
  it.each(viewerOffers)('$name', ({ sdp }) => {
    const offer = parse(sdp)
    const { answer: text, view } = answer(sdp)
    const read = parse(text)
    expect(
      text
        .split('\r\n')
        .slice(0, -1)
        .every((line) => /^[a-z]=/.test(line)),
    ).toBe(true)
    expect(Buffer.byteLength(text)).toBeLessThan(8192)
    expect(read.icelite).toBe('ice-lite')
    // WHEP-61.
    expect(String(read.groups?.[0]?.mids)).toBe(offer.media.map(({ mid }) => mid).join(' '))
    expect(read.media.map(({ type, mid }) => [type, mid])).toEqual(
      offer.media.map(({ type, mid }) => [type, mid]),
    )
    for (const [index, media] of read.media.entries()) {
      const offered = offer.media[index]!
      const track = view[media.type === 'audio' ? 'audio' : 'video']!
      expect(media).toMatchObject({
        port: 9,
        direction: 'sendonly', // WHEP-16
        setup: 'active',
        iceUfrag: local.ufrag,
        rtcpMux: 'rtcp-mux',
        // WHEP-62, WHEP-65: both tracks in one stream.
        msid: [{ id: 'tailrace', appdata: `tailrace-${media.type}` }],
      })
      expect(offered.rtp).toEqual(expect.arrayContaining(media.rtp))
      expect(offered.fmtp).toEqual(expect.arrayContaining(media.fmtp))
      expect(offered.rtcpFb ?? []).toEqual(expect.arrayContaining(media.rtcpFb ?? []))
      expect(String(media.payloads)).toBe(media.rtp.map(({ payload }) => payload).join(' '))
      // Mid and send time would be numbers that nobody keeps.
      for (const { uri } of media.ext ?? []) {
        expect([playoutDelayUri, transportCcUri]).toContain(uri)
      }
      const cnames = media.ssrcs?.filter(({ attribute }) => attribute === 'cname')
      expect(cnames).toEqual(
        [track.ssrc, track.rtxSsrc].flatMap((id) =>
          id === undefined ? [] : { id, attribute: 'cname', value: track.cname },
        ),
      )
      // WHEP-66.
      expect(media.ssrcGroups).toEqual(
        track.rtxSsrc === undefined
          ? undefined
          : [{ semantics: 'FID', ssrcs: `${track.ssrc} ${track.rtxSsrc}` }],
      )
    }
    expect(view.audio?.cname).toBe(view.video?.cname)
    expect(new Set([view.audio?.ssrc, view.video?.ssrc, view.video?.rtxSsrc]).size).toBe(3)
    expect(read.media[0]!.candidates?.[0]).toMatchObject({ ip: '203.0.113.5', transport: 'udp' })
  })

  it('differs in SSRCs and cname from session to session', () => {
    const [one, other] = [answer(chromium).view, answer(chromium).view]
    expect(one.video?.ssrc).not.toBe(other.video?.ssrc)
    expect(one.video?.cname).not.toBe(other.video?.cname)
  })
})

describe('the codecs of a viewer (WHEP-17..19)', () => {
  const formats = (sdp: string, wanted: ViewWishes) =>
    String(reread(sdp, wanted).media.find(({ type }) => type === 'video')?.payloads)

  it.each`
    wanted                                         | first
    ${{ codec: 'VP8' }}                            | ${'96 97'}
    ${{ codec: 'VP9' }}                            | ${'98 99'}
    ${{ codec: 'VP9', profileId: '2' }}            | ${'100 101'}
    ${{ codec: 'AV1', profileId: '0' }}            | ${'45 46'}
    ${{ codec: 'H264', profileLevelId: '42c028' }} | ${'108 109'}
    ${{ codec: 'H264', profileLevelId: '4d4028' }} | ${'116 117'}
    ${{ codec: 'H264', profileLevelId: '640028' }} | ${'102 103'}
  `(
    'all stay, $wanted.codec $wanted.profileLevelId$wanted.profileId first',
    ({ wanted, first }) => {
      const kept = formats(chromium, { video: wanted })
      expect(kept.startsWith(`${first} `)).toBe(true)
      // H264 in mode 0, other profiles of VP9 and AV1, RED and FEC are what we never send.
      expect(kept.split(' ').toSorted().join(' ')).toBe(
        '100 101 102 103 108 109 116 117 41 42 45 46 96 97 98 99',
      )
    },
  )

  it('Firefox without H264: the others (IO-62)', () => {
    expect(formats(firefox, vp8)).toBe('120 124 121 125 99 100')
  })

  it('a stream of a codec that was not offered is refused (IO-10, DESIGN §5)', () => {
    const refuse = () => answer(firefox, { audio: opus, video: high })
    expect(refuse).toThrow(expect.objectContaining({ code: 'no-common-codec' }))
    expect(refuse).toThrow("the stream's video is H264")
    const deaf = edited(chromium, 'opus/48000/2', 'x-opus/48000/2')
    expect(() => answer(deaf)).toThrow(expect.objectContaining({ code: 'no-common-codec' }))
  })

  it('H264 in mode 0 alone is not enough', () => {
    const mode0 = chromium.replaceAll('packetization-mode=1', 'packetization-mode=0')
    expect(() => answer(mode0, { video: high })).toThrow(
      expect.objectContaining({ code: 'no-common-codec' }),
    )
  })
})

describe('payload types of a later stream', () => {
  const video = answer(chromium).view.video!

  it.each`
    codec     | profile      | payloadType | rtxPayloadType | exactProfile | why
    ${'VP8'}  | ${undefined} | ${96}       | ${97}          | ${true}      | ${'the only one'}
    ${'VP9'}  | ${'0'}       | ${98}       | ${99}          | ${true}      | ${'by number'}
    ${'VP9'}  | ${'2'}       | ${100}      | ${101}         | ${true}      | ${'by number'}
    ${'AV1'}  | ${'0'}       | ${45}       | ${46}          | ${true}      | ${'by number'}
    ${'H264'} | ${'42E01F'}  | ${108}      | ${109}         | ${true}      | ${'in capitals'}
    ${'H264'} | ${'42c00d'}  | ${108}      | ${109}         | ${true}      | ${'other flags of one profile'}
    ${'H264'} | ${'42001e'}  | ${102}      | ${103}         | ${true}      | ${'baseline'}
    ${'H264'} | ${'4d0033'}  | ${116}      | ${117}         | ${true}      | ${'another level'}
    ${'H264'} | ${'f40028'}  | ${41}       | ${42}          | ${true}      | ${'by its first digits'}
    ${'H264'} | ${'640028'}  | ${102}      | ${103}         | ${false}     | ${'High was not offered'}
    ${'H264'} | ${undefined} | ${102}      | ${103}         | ${true}      | ${'nothing known yet'}
  `('$codec $profile: $payloadType, $why', ({ codec, profile, ...choice }) => {
    const { payloadType, rtxPayloadType, exactProfile } = choice
    expect(video.payloadTypeFor(codec, profile)).toEqual({
      payloadType,
      rtxPayloadType,
      exactProfile,
    })
  })

  it('has none for what was not offered', () => {
    expect(video.payloadTypeFor('H265')).toBeUndefined()
    expect(video.payloadTypeFor('opus')).toBeUndefined()
    expect(answer(firefox).view.video!.payloadTypeFor('H264', '42e01f')).toBeUndefined()
  })

  it('names Opus', () => {
    const { audio } = answer(firefox).view
    expect(audio?.payloadTypeFor('opus')).toEqual({ payloadType: 109, exactProfile: true })
    expect(audio?.clockRate).toBe(48_000)
  })
})

describe('extensions and feedback', () => {
  it.each`
    client        | sdp         | playoutDelayId | transportCcId
    ${'Chromium'} | ${chromium} | ${5}           | ${3}
    ${'Firefox'}  | ${firefox}  | ${6}           | ${7}
  `('of $client are taken under its ids', ({ sdp, playoutDelayId, transportCcId }) => {
    const { audio, video } = answer(sdp).view
    expect(video).toMatchObject({ playoutDelayId, transportCcId })
    const agreed = reread(sdp).media[1]!.rtcpFb?.map(({ type, subtype }) => [type, subtype])
    expect(agreed).toEqual(
      expect.arrayContaining([
        ['nack', undefined],
        ['nack', 'pli'],
      ]),
    )
    // Audio has no RTX: a number in its header would make a repeat a new packet.
    expect(audio).not.toHaveProperty('transportCcId')
    expect(audio).not.toHaveProperty('playoutDelayId')
    expect(audio).not.toHaveProperty('rtxSsrc')
  })

  it('that are one-way are answered the other way (RFC 8285 §7)', () => {
    expect(reread(firefox).media[1]!.ext).toContainEqual({
      value: 6,
      direction: 'sendonly',
      uri: playoutDelayUri,
    })
  })

  it.each`
    why                               | from                                   | to
    ${'a codec has no RTX'}           | ${'a=fmtp:97 apt=96'}                  | ${'a=fmtp:97 x=1'}
    ${'a codec has no such feedback'} | ${'a=rtcp-fb:98 transport-cc\r\n'}     | ${''}
    ${'there is no extension'}        | ${/(m=video[\s\S]*)a=extmap:3 .*\r\n/} | ${'$1'}
    ${'its id needs long headers'}    | ${/a=extmap:3 /g}                      | ${'a=extmap:15 '}
    ${'the viewer would send it'}     | ${/a=extmap:3 /g}                      | ${'a=extmap:3/sendonly '}
  `('transport-wide numbers are left out when $why', ({ from, to }) => {
    const { view, answer: text } = answer(edited(chromium, from, to))
    expect(view.video).not.toHaveProperty('transportCcId')
    expect(text).not.toContain('transport-cc')
    expect(text).not.toContain(transportCcUri)
    expect(view.video?.playoutDelayId).toBe(5)
  })

  it('of one URI under two ids, the one that fits a short header', () => {
    const extension = `a=extmap:5 ${playoutDelayUri}`
    const two = edited(chromium, extension, `a=extmap:15 ${playoutDelayUri}\r\n${extension}`)
    expect(answer(two).view.video?.playoutDelayId).toBe(5)
    expect(reread(two).media[1]!.ext?.map(({ value }) => value)).toEqual([3, 5])
  })

  it('RTX is left out where it was not offered', () => {
    const { view, answer: text } = answer(chromium.replace(/a=fmtp:\d+ apt=.*\r\n/g, ''))
    expect(view.video).not.toHaveProperty('rtxSsrc')
    expect(text).not.toMatch(/rtx|FID/)
    expect(view.video?.payloadTypeFor('VP8')).toEqual({ payloadType: 96, exactProfile: true })
  })
})

describe('sections', () => {
  const group = (sdp: string, wanted: ViewWishes) => String(reread(sdp, wanted).groups?.[0]?.mids)
  const roles = (sdp: string, wanted: ViewWishes) =>
    reread(sdp, wanted).media.map(({ type, port, direction }) => `${type} ${port} ${direction}`)

  it('may come in any order', () => {
    expect(roles(videoFirst, vp8)).toEqual(['video 9 sendonly', 'audio 9 sendonly'])
  })

  it('for what the stream does not have are refused one by one (WHEP-20)', () => {
    expect(roles(chromium, { audio: opus })).toEqual(['audio 9 sendonly', 'video 0 inactive'])
    expect(group(chromium, { audio: opus })).toBe('0')
    expect(Object.keys(answer(chromium, { audio: opus }).view)).toEqual(['transport', 'audio'])
  })

  // Chromium 156 with max-bundle: "Failed to setup RTCP mux" when the first section is refused.
  it('idle, but not refused, when the whole bundle rides on them', () => {
    const wanted = { video: { codec: 'VP8' } } as const
    expect(roles(chromium, wanted)).toEqual(['audio 9 inactive', 'video 9 sendonly'])
    expect(group(chromium, wanted)).toBe('0 1')
    expect(reread(chromium, wanted).media[0]!.candidates).toHaveLength(2)
    expect(Object.keys(answer(chromium, wanted).view)).toEqual(['transport', 'video'])
  })

  it('a second of a kind and data channels are refused', () => {
    const video = chromium.slice(chromium.indexOf('m=video')).replace('a=mid:1', 'a=mid:2')
    const data = 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:3\r\n'
    const more = edited(chromium, 'BUNDLE 0 1', 'BUNDLE 0 1 2 3') + video + data
    expect(roles(more, vp8)).toEqual([
      'audio 9 sendonly',
      'video 9 sendonly',
      'video 0 inactive',
      'application 0 inactive',
    ])
    expect(group(more, vp8)).toBe('0 1')
  })

  it('that are missing are no fault: a viewer may want one kind only', () => {
    const audio = edited(chromium.slice(0, chromium.indexOf('m=video')), 'BUNDLE 0 1', 'BUNDLE 0')
    expect(Object.keys(answer(audio).view)).toEqual(['transport', 'audio'])
  })

  it.each`
    clause                                | sdp                                                                                 | wanted             | message
    ${'sendonly offers (WHEP-15)'}        | ${chromium.replaceAll('a=recvonly', 'a=sendonly')}                                  | ${vp8}             | ${'section "0" is sendonly'}
    ${'inactive offers (WHEP-15)'}        | ${chromium.replaceAll('a=recvonly', 'a=inactive')}                                  | ${vp8}             | ${'section "0" is inactive'}
    ${'offers without what there is'}     | ${edited(chromium.slice(0, chromium.indexOf('m=video')), 'BUNDLE 0 1', 'BUNDLE 0')} | ${{ video: high }} | ${'the stream has video'}
    ${'any offer while there is nothing'} | ${chromium}                                                                         | ${{}}              | ${'the stream has nothing'}
  `('$clause are refused (WHEP-14)', ({ sdp, wanted, message }) => {
    expect(() => answer(sdp, wanted)).toThrow(
      expect.objectContaining({ code: 'unacceptable-offer' }),
    )
    expect(() => answer(sdp, wanted)).toThrow(message)
  })

  it('sendrecv is answered sendonly (WHEP-15, WHEP-16)', () => {
    const both = chromium.replaceAll('a=recvonly', 'a=sendrecv')
    expect(roles(both, vp8)).toEqual(['audio 9 sendonly', 'video 9 sendonly'])
  })
})
