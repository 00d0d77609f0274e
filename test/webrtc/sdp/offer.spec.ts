import { describe, expect, it } from 'vitest'
import { isActive } from '#webrtc/sdp/media-description.ts'
import { parseOffer } from '#webrtc/sdp/offer.ts'
import { edited, realOffer, realOffers } from './offers.ts'

const obs = realOffer('obs-32.2.2/single-layer/post.sdp')
const chromium = realOffer('chromium-156/offer-sendonly-simulcast.gathered.sdp')
const firefox = realOffer('firefox-159/offer-sendonly-simulcast.trickle.sdp')
const ffmpeg = realOffer('ffmpeg-9.0.2/default/post.sdp')

describe('offers of real clients', () => {
  it('are there', () => {
    expect(realOffers.length).toBeGreaterThan(30)
  })

  it.each(realOffers)('$name is read', ({ sdp }) => {
    const offer = parseOffer(sdp)
    expect(offer.media.map(({ kind }) => kind).toSorted()).toEqual(['audio', 'video'])
    expect(offer.bundle).toEqual(['0', '1'])
    expect(offer.media.map(({ mid }) => mid)).toEqual(['0', '1'])
    expect(offer.fingerprints).toEqual([
      { algorithm: 'sha-256', value: /sha-256 (\S+)/.exec(sdp)![1] },
    ])
    expect(offer.ice.ufrag).toBe(/a=ice-ufrag:(\S+)/.exec(sdp)![1])
    expect(offer.ice.password).toBe(/a=ice-pwd:(\S+)/.exec(sdp)![1])
    expect(offer.ice.candidates).toHaveLength(sdp.match(/^a=candidate:/gm)?.length ?? 0)
    expect(offer.media.every(({ codecs }) => codecs.length > 0)).toBe(true)
  })

  it('OBS: everything it says (IO-20)', () => {
    expect(parseOffer(obs)).toEqual({
      originUsername: 'rtc',
      bundle: ['0', '1'],
      setup: 'actpass',
      extmapAllowMixed: false,
      msidSemantic: true,
      ice: {
        ufrag: 'RH3A',
        password: 'psh4C0L3k6HS2de0mBJsES',
        lite: false,
        options: ['ice2,trickle'],
        candidates: [],
      },
      fingerprints: [
        {
          algorithm: 'sha-256',
          value:
            '57:A3:9E:00:46:E4:37:49:06:74:C6:8B:37:C1:1C:77:94:E3:20:6A:C3:92:08:35:FC:E5:FA:5B:54:0F:11:81',
        },
      ],
      media: [
        {
          kind: 'audio',
          mid: '0',
          direction: 'sendonly',
          port: 9,
          bundleOnly: false,
          protocol: 'UDP/TLS/RTP/SAVPF',
          formats: ['111'],
          codecs: [
            {
              payloadType: 111,
              name: 'opus',
              clockRate: 48_000,
              channels: 2,
              parameters: new Map([
                ['minptime', '10'],
                ['maxaveragebitrate', '96000'],
                ['stereo', '1'],
                ['sprop-stereo', '1'],
                ['useinbandfec', '1'],
              ]),
              feedback: new Set(),
            },
          ],
          extensions: [],
          ssrcs: [{ ssrc: 4_110_535_294, cname: 'xQCjdQUBKvlzUPTc' }],
          fidGroups: [],
          rids: [],
          streamId: 'RBDAWE6OpgG8TmBD',
          rtcpMux: true,
          rtcpMuxOnly: false,
          rtcpRsize: false,
          extmapAllowMixed: false,
        },
        {
          kind: 'video',
          mid: '1',
          direction: 'sendonly',
          port: 9,
          bundleOnly: false,
          protocol: 'UDP/TLS/RTP/SAVPF',
          formats: ['96'],
          codecs: [
            {
              payloadType: 96,
              name: 'H264',
              clockRate: 90_000,
              parameters: new Map([
                ['profile-level-id', '42e01f'],
                ['packetization-mode', '1'],
                ['level-asymmetry-allowed', '1'],
              ]),
              feedback: new Set(['nack', 'nack pli', 'goog-remb']),
            },
          ],
          extensions: [
            { id: 1, uri: 'urn:ietf:params:rtp-hdrext:sdes:mid' },
            { id: 2, uri: 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id' },
          ],
          ssrcs: [{ ssrc: 4_110_535_295, cname: 'xQCjdQUBKvlzUPTc' }],
          fidGroups: [],
          rids: [],
          streamId: 'RBDAWE6OpgG8TmBD',
          rtcpMux: true,
          rtcpMuxOnly: false,
          rtcpRsize: false,
          extmapAllowMixed: false,
        },
      ],
    })
  })

  it('OBS: simulcast without SSRCs (IO-24)', () => {
    const video = parseOffer(realOffer('obs-32.2.2/simulcast-3-layers/post.sdp')).media[1]!
    expect(video.ssrcs).toEqual([])
    expect(video.rids).toEqual(['0', '1', '2'].map((id) => ({ id, direction: 'send' })))
    expect(video.simulcast).toEqual(['0', '1', '2'].map((rid) => ({ rid, paused: false })))
  })

  it('ffmpeg: passive, RTX before its codec is known (IO-40)', () => {
    const offer = parseOffer(ffmpeg)
    expect(offer.setup).toBe('passive')
    expect(offer.originUsername).toBe('FFmpeg')
    expect(offer.media[1]!.codecs).toMatchObject([{ payloadType: 106, rtxPayloadType: 105 }])
    expect(offer.media[1]!.fidGroups).toEqual([{ media: 1_264_154_444, repair: 1_264_154_445 }])
    expect(parseOffer(realOffer('ffmpeg-9.0.2/dtls-active/post.sdp')).setup).toBe('active')
  })

  it('Chromium: RTX belongs to its codec, and candidates are typed', () => {
    const { media, ice } = parseOffer(chromium)
    const video = media[1]!
    expect(video.codecs.map(({ name }) => name)).not.toContain('rtx')
    expect(video.codecs.map((codec) => [codec.payloadType, codec.rtxPayloadType])).toContainEqual([
      108, 109,
    ])
    expect(video.extensions).toContainEqual({
      id: 3,
      uri: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
    })
    expect(ice.candidates).toContainEqual(
      expect.objectContaining({ transport: 'tcp', address: '2001:db8::2', port: 9, type: 'host' }),
    )
  })

  it('Firefox: fingerprint of the session, one-way extensions, three repaired layers', () => {
    const { media, originUsername } = parseOffer(firefox)
    expect(originUsername).toBe('mozilla...THIS_IS_SDPARTA-99.0')
    expect(media[1]!.extensions).toContainEqual({
      id: 6,
      direction: 'recvonly',
      uri: 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
    })
    expect(media[1]!.fidGroups).toHaveLength(3)
    expect(media.map(({ extmapAllowMixed }) => extmapAllowMixed)).toEqual([true, true])
  })
})

describe('what is common and what is inherited (RFC 9143 §7.1.3, WHIP-101)', () => {
  it('comes from the tagged section when the others do not have it', () => {
    const first = firefox.indexOf('m=video')
    const stripped =
      firefox.slice(0, first) + firefox.slice(first).replace(/a=(ice-\w+|setup):.*\r\n/g, '')
    expect(parseOffer(stripped)).toEqual(parseOffer(firefox))
  })

  it('comes from the session level', () => {
    const lines = /^a=(ice-ufrag|ice-pwd|setup|fingerprint):.*\r\n/gm
    const common = [...new Set(ffmpeg.match(lines))].join('')
    const moved = edited(ffmpeg.replace(lines, ''), 't=0 0\r\n', `t=0 0\r\n${common}`)
    expect(parseOffer(moved)).toEqual(parseOffer(ffmpeg))
  })

  it('comes from the section before the session level', () => {
    const both = edited(obs, 't=0 0', 't=0 0\r\na=ice-ufrag:session')
    expect(parseOffer(both).ice.ufrag).toBe('RH3A')
  })

  it('does not come from a section that is switched off', () => {
    const off = edited(
      edited(obs, 'm=audio 9', 'm=audio 0'),
      'a=ice-ufrag:RH3A',
      'a=ice-ufrag:none',
    )
    expect(parseOffer(off).ice.ufrag).toBe('RH3A')
  })

  it('comes from the tagged section, although it is not the first', () => {
    const swapped = edited(obs, 'BUNDLE 0 1', 'BUNDLE 1 0')
    const video = swapped.indexOf('m=video')
    const other = swapped.slice(0, video) + swapped.slice(video).replace('RH3A', 'other')
    expect(parseOffer(other).ice.ufrag).toBe('other')
  })

  it('holds for the direction too (RFC 8866 §6.7)', () => {
    const bare = obs.replaceAll('a=sendonly\r\n', '')
    const moved = edited(bare, 't=0 0', 't=0 0\r\na=sendonly')
    expect(parseOffer(moved).media.map(({ direction }) => direction)).toEqual([
      'sendonly',
      'sendonly',
    ])
  })

  it('is sendrecv when no direction is written (WHIP-24)', () => {
    const { media } = parseOffer(obs.replaceAll('a=sendonly\r\n', ''))
    expect(media[0]!.direction).toBe('sendrecv')
  })

  it('is active when no setup is written (RFC 4145 §4)', () => {
    expect(parseOffer(obs.replaceAll('a=setup:actpass\r\n', '')).setup).toBe('active')
  })
})

describe('leniency', () => {
  it('LF alone ends a line, and empty lines say nothing (WHIP-116)', () => {
    expect(parseOffer(`${obs.replaceAll('\r\n', '\n')}\n\n`)).toEqual(parseOffer(obs))
  })

  it('unknown attributes and other known lines are passed over (WHIP-116)', () => {
    const more = edited(obs, 't=0 0\r\n', 't=0 0\r\nb=AS:5\r\na=x-new:1\r\na=\r\n')
    expect(parseOffer(more)).toEqual(parseOffer(obs))
  })

  it('port 0 with bundle-only is a live section, without it a dead one (IO-12, WHIP-99)', () => {
    const off = edited(firefox, 'm=video 9', 'm=video 0')
    expect(parseOffer(off).media.map(isActive)).toEqual([true, false])
    const bundled = edited(off, 'a=mid:1', 'a=bundle-only\r\na=mid:1')
    expect(parseOffer(bundled).media.map(isActive)).toEqual([true, true])
  })

  it('feedback for any payload type goes to each', () => {
    const any = edited(obs, 'a=rtcp-fb:96 goog-remb', 'a=rtcp-fb:* ccm fir')
    expect(parseOffer(any).media[1]!.codecs[0]!.feedback).toEqual(
      new Set(['ccm fir', 'nack', 'nack pli']),
    )
  })

  it('simulcast alternatives and paused streams (RFC 8853 §5.1, WHIP-120)', () => {
    const offer = edited(chromium, 'a=simulcast:send q;h;f', 'a=simulcast:send q,x;~h;f')
    expect(parseOffer(offer).media[1]!.simulcast).toEqual([
      { rid: 'q', paused: false },
      { rid: 'h', paused: true },
      { rid: 'f', paused: false },
    ])
  })

  it('a sole section needs no BUNDLE group', () => {
    const audio = obs.slice(0, obs.indexOf('m=video')).replace('a=group:BUNDLE 0 1\r\n', '')
    expect(parseOffer(audio).bundle).toEqual([])
  })
})

describe('offers that cannot be answered (RFC 9725 §4.4)', () => {
  it.each`
    clause                               | from                        | to                                           | message
    ${'ICE-lite peers (WHIP-109)'}       | ${'t=0 0'}                  | ${'t=0 0\r\na=ice-lite'}                     | ${'a=ice-lite'}
    ${'other setup values (WHIP-18)'}    | ${/a=setup:actpass/g}       | ${'a=setup:holdconn'}                        | ${'a=setup'}
    ${'old hashes (WHIP-112)'}           | ${/sha-256 \S+/}            | ${'sha-1 00:11'}                             | ${'sha-256'}
    ${'no fingerprint (WHIP-112)'}       | ${/a=fingerprint:.*\r\n/}   | ${''}                                        | ${'a=fingerprint'}
    ${'sections outside of the bundle'}  | ${'BUNDLE 0 1'}             | ${'BUNDLE 0'}                                | ${'section "1" is not in the BUNDLE group'}
    ${'no bundle (WHIP-97)'}             | ${'a=group:BUNDLE 0 1\r\n'} | ${''}                                        | ${'BUNDLE'}
    ${'no rtcp-mux (WHIP-98)'}           | ${'a=rtcp-mux\r\n'}         | ${''}                                        | ${'a=rtcp-mux'}
    ${'media without DTLS'}              | ${'UDP/TLS/RTP/SAVPF 96'}   | ${'RTP/AVP 96'}                              | ${'DTLS-SRTP'}
    ${'no live section'}                 | ${/^(m=\w+) 9/gm}           | ${'$1 0'}                                    | ${'switched off'}
    ${'one mid twice (SEC-32)'}          | ${'a=mid:1'}                | ${'a=mid:0'}                                 | ${'a=mid 0'}
    ${'one SSRC twice (SEC-32)'}         | ${/4110535295/g}            | ${'4110535294'}                              | ${'a=ssrc 4110535294'}
    ${'one extension id twice (SEC-32)'} | ${'a=extmap:2'}             | ${'a=extmap:1'}                              | ${'a=extmap id 1'}
    ${'one rid twice (SEC-32)'}          | ${'a=mid:1'}                | ${'a=rid:a send\r\na=rid:a send\r\na=mid:1'} | ${'a=rid a'}
  `('$clause', ({ from, to, message }) => {
    const refuse = () => parseOffer(edited(obs, from, to))
    expect(refuse).toThrow(expect.objectContaining({ code: 'unacceptable-offer' }))
    expect(refuse).toThrow(message)
  })
})
