import { parse } from 'sdp-transform'
import { describe, expect, it } from 'vitest'
import { parseOffer } from '#webrtc/sdp/offer.ts'
import { offerView } from '#webrtc/sdp/view-offer.ts'
import type { ViewWishes } from '#webrtc/sdp/viewed-track.ts'
import { local } from './offers.ts'

const opus = { codec: 'opus' } as const
const high = { codec: 'H264', profileLevelId: '640028' } as const
const both = { audio: opus, video: high } as const

/** The offer as another parser reads it. */
const reread = (wanted: ViewWishes = both) => parse(offerView(wanted, local).offer)

describe('our offer to a viewer (draft-ietf-wish-whep §4.3.2, §4.6)', () => {
  it('is whole lines that our own reader takes, too', () => {
    const { offer } = offerView(both, local)
    expect(offer.endsWith('\r\n')).toBe(true)
    for (const line of offer.split('\r\n').slice(0, -1)) expect(line).toMatch(/^[vostmca]=\S/)
    // It reads as an offer but for what only we may say: that we are lite.
    expect(() => parseOffer(offer)).toThrow('a=ice-lite')
    expect(parseOffer(offer.replace('a=ice-lite\r\n', '')).setup).toBe('actpass')
  })

  it('is one bundle of a lite agent, with one transport', () => {
    const read = reread()
    expect(read.icelite).toBe('ice-lite')
    expect(read.groups).toEqual([{ type: 'BUNDLE', mids: '0 1' }])
    expect(read.msidSemantic).toEqual({ semantic: 'WMS', token: '*' })
    expect(read.media.map(({ type, mid }) => [type, mid])).toEqual([
      ['audio', 0],
      ['video', 1],
    ])
    for (const media of read.media) {
      expect(media).toMatchObject({
        port: 9,
        protocol: 'UDP/TLS/RTP/SAVPF',
        direction: 'sendonly', // WHEP-29
        setup: 'actpass', // WHEP-36
        iceUfrag: local.ufrag,
        icePwd: local.password,
        fingerprint: { type: 'sha-256', hash: local.fingerprint.value },
        // WHEP-61.
        rtcpMux: 'rtcp-mux',
        rtcpRsize: 'rtcp-rsize',
        // WHEP-62: both tracks in one stream.
        msid: [{ id: 'tailrace', appdata: `tailrace-${media.type}` }],
      })
    }
    expect(offerView(both, local).offer.match(/^a=rtcp-mux-only\r$/gm)).toHaveLength(2)
    // WHEP-51: all there are, and none later.
    expect(read.media[0]!.candidates?.map(({ ip, port }) => [ip, port])).toEqual([
      ['203.0.113.5', 8189],
      ['2001:db8::5', 8189],
    ])
    expect(read.media[0]!.endOfCandidates).toBe('end-of-candidates')
  })

  it('names its sources, with a repair stream for video (WHEP-65, WHEP-66)', () => {
    const { offer, tracks } = offerView(both, local)
    const [audio, video] = parse(offer).media
    const [{ names: sound }, { names: picture }] = [tracks[0]!, tracks[1]!]
    expect(audio!.ssrcs?.map(({ id }) => id)).toContain(sound.ssrc)
    expect(video!.ssrcGroups).toEqual([
      { semantics: 'FID', ssrcs: `${picture.ssrc} ${picture.rtxSsrc}` },
    ])
    const cnames = [...audio!.ssrcs!, ...video!.ssrcs!].filter(
      ({ attribute }) => attribute === 'cname',
    )
    expect(cnames.map(({ id }) => id)).toEqual([sound.ssrc, picture.ssrc, picture.rtxSsrc])
    expect(new Set(cnames.map(({ value }) => value))).toEqual(new Set([picture.cname]))
    expect(new Set([sound.ssrc, picture.ssrc, picture.rtxSsrc]).size).toBe(3)
  })

  it('gives every video format RTX, feedback and the extensions that we send', () => {
    const [audio, video] = reread().media
    const payloads = String(video!.payloads).split(' ').map(Number)
    expect(payloads).toEqual(video!.rtp.map(({ payload }) => payload))
    expect(new Set(payloads).size).toBe(payloads.length)
    expect(payloads.every((type) => type >= 96 && type <= 127)).toBe(true)
    for (const { payload, codec } of video!.rtp) {
      if (codec === 'rtx') continue
      expect(video!.fmtp).toContainEqual({ payload: payload + 1, config: `apt=${payload}` })
      const feedback = video!.rtcpFb!.filter((line) => Number(line.payload) === payload)
      expect(feedback.map(({ type, subtype }) => [type, subtype].join(' ').trim())).toEqual([
        'nack',
        'nack pli',
        'ccm fir',
        'transport-cc',
      ])
    }
    expect(video!.ext?.map(({ value, uri }) => [value, uri.split('/').at(-1)])).toEqual([
      [3, 'draft-holmer-rmcat-transport-wide-cc-extensions-01'],
      [5, 'playout-delay'],
    ])
    expect(audio).toMatchObject({
      payloads: 111,
      rtp: [{ payload: 111, codec: 'opus', rate: 48_000, encoding: 2 }],
    })
    expect(audio).not.toHaveProperty('ext')
    expect(audio).not.toHaveProperty('rtcpFb')
  })

  it('has no section for what the stream lacks (WHEP-62)', () => {
    const kinds = (wanted: ViewWishes) => reread(wanted).media.map(({ type }) => type)
    expect(kinds({ audio: opus })).toEqual(['audio'])
    expect(kinds({ video: high })).toEqual(['video'])
    expect(reread({ video: high }).groups).toEqual([{ type: 'BUNDLE', mids: 0 }])
  })

  it('differs from session to session in what it names', () => {
    const [one, other] = [offerView(both, local).tracks, offerView(both, local).tracks]
    expect(one[1]!.names.ssrc).not.toBe(other[1]!.names.ssrc)
    expect(one[1]!.names.cname).not.toBe(other[1]!.names.cname)
  })
})

describe('the codecs of our offer (WHEP-17..19)', () => {
  const formats = (video: ViewWishes['video']) => {
    const media = reread({ video: video! }).media[0]!
    return media.rtp
      .filter(({ codec }) => codec !== 'rtx')
      .map(({ payload, codec }) => {
        const config = media.fmtp.find((line) => line.payload === payload)?.config
        const profile = /(?:profile-level-id|profile-id|(?:^|;)profile)=(\w+)/.exec(config ?? '')
        return profile ? `${codec} ${profile[1]}` : codec
      })
  }
  const everything = [
    ...['H264 42e01f', 'H264 42001f', 'H264 4d001f', 'H264 64001f'],
    ...['VP8', 'VP9 0', 'VP9 2', 'AV1 0', 'H265 1'],
  ]

  it.each`
    live                                           | start
    ${{ codec: 'VP8' }}                            | ${['VP8', 'H264 42e01f']}
    ${{ codec: 'VP9', profileId: '2' }}            | ${['VP9 2', 'VP9 0', 'H264 42e01f']}
    ${{ codec: 'AV1', profileId: '0' }}            | ${['AV1 0', 'H264 42e01f']}
    ${{ codec: 'H265', profileId: '1' }}           | ${['H265 1', 'H264 42e01f']}
    ${{ codec: 'H264', profileLevelId: '42c028' }} | ${['H264 42c028', 'H264 42001f']}
    ${{ codec: 'H264', profileLevelId: '640028' }} | ${['H264 640028', 'H264 42e01f']}
    ${{ codec: 'H264' }}                           | ${['H264 42e01f', 'H264 42001f']}
  `('all are there, $live.codec $live.profileLevelId$live.profileId first', ({ live, start }) => {
    const offered = formats(live)
    expect(offered.slice(0, start.length)).toEqual(start)
    expect(offered).toHaveLength(everything.length)
  })

  it.each`
    live                                           | first
    ${{ codec: 'H264', profileLevelId: 'f40028' }} | ${'H264 f40028'}
    ${{ codec: 'H265', profileId: '2' }}           | ${'H265 2'}
  `('a profile that no browser lists stands before the others: $first', ({ live, first }) => {
    expect(formats(live)[0]).toBe(first)
    expect(formats(live).slice(1).toSorted()).toEqual(everything.toSorted())
  })

  it('a profile that nobody can be sent is not offered', () => {
    expect(formats({ codec: 'VP9', profileId: '1' }).toSorted()).toEqual(everything.toSorted())
  })
})
