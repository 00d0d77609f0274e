import { globSync, readFileSync } from 'node:fs'
import { parse } from 'sdp-transform'
import { describe, expect, it } from 'vitest'
import { extensionUri } from '#rtp/header-extensions.ts'
import { recogniseClient } from '#webrtc/clients.ts'
import { parseAnswer, type ViewOffer, writeOffer } from '#webrtc/sdp/client.ts'
import {
  publishExtensions,
  publishPayloadTypes,
  repairExtensions,
} from '#webrtc/sdp/client-sections.ts'
import { parseOffer } from '#webrtc/sdp/offer.ts'
import { answerPublisher } from '#webrtc/sdp/publish-answer.ts'
import { answerViewer } from '#webrtc/sdp/view-answer.ts'
import { edited, local, realOffer } from './offers.ts'

const transport = {
  ufrag: 'RH3A',
  password: 'psh4C0L3k6HS2de0mBJsES',
  fingerprint: parseOffer(realOffer('obs-32.2.2/single-layer/post.sdp')).fingerprints[0]!,
  setup: 'actpass',
} as const

const publishing = writeOffer({
  direction: 'sendonly',
  transport,
  cname: 'xQCjdQUBKvlzUPTc',
  streamId: 'RBDAWE6OpgG8TmBD',
  audio: { ssrc: 4_110_535_294 },
  video: { ssrc: 4_110_535_295 },
})

const viewing: ViewOffer = {
  direction: 'recvonly',
  transport,
  audio: true,
  video: ['H264', 'VP8', 'VP9', 'AV1', 'H265'],
}

describe('the offer of a publisher', () => {
  it('is what OBS writes, line by line', () => {
    const obs = realOffer('obs-32.2.2/single-layer/post.sdp')
    const withoutSessionId = (sdp: string) => sdp.replace(/^o=rtc \d+/m, 'o=rtc')
    expect(withoutSessionId(publishing)).toBe(withoutSessionId(obs))
  })

  it('of layers is what OBS writes, line by line', () => {
    const obs = realOffer('obs-32.2.2/simulcast-3-layers/post.sdp')
    const ours = writeOffer({
      direction: 'sendonly',
      transport: {
        ufrag: '01c8',
        password: '6qZqlD7EDgv7RLAW6CmxN+',
        fingerprint: parseOffer(obs).fingerprints[0]!,
        setup: 'actpass',
      },
      cname: '1VxsYOT9QPNAdsWf',
      streamId: 'UMFFdn48s9JQLpDX',
      audio: { ssrc: 1_124_720_115 },
      video: { rids: ['0', '1', '2'] },
    })
    const withoutSessionId = (sdp: string) => sdp.replace(/^o=rtc \d+/m, 'o=rtc')
    expect(withoutSessionId(ours)).toBe(withoutSessionId(obs))
  })

  it.each`
    what            | video                                                   | layers
    ${'layers'}     | ${{ rids: ['h', 'm', 'l'], rtx: true }}                 | ${['h', 'm', 'l']}
    ${'one stream'} | ${{ ssrc: 0x5eed0001, rtxSsrc: 0x5eed0005, rtx: true }} | ${[]}
  `('with RTX, of $what, is taken for no OBS, and all of it accepted', ({ video, layers }) => {
    const offer = parseOffer(
      writeOffer({ direction: 'sendonly', transport, cname: 'c', streamId: 's', video }),
    )
    expect(recogniseClient('tailrace-load', offer).kind).toBe('other')
    const accepted = answerPublisher(offer, local).publication.video!
    expect(accepted).toMatchObject({
      rtxPayloadType: publishPayloadTypes.rtx,
      extensions: { ...publishExtensions, ...repairExtensions },
      fidGroups: video.ssrc ? [{ media: video.ssrc, repair: video.rtxSsrc }] : [],
    })
    expect(accepted.layers.map(({ rid }) => rid)).toEqual(layers)
    expect(accepted.feedback).toContain('transport-cc')
  })

  it('is recognised by its handwriting', () => {
    expect(recogniseClient(undefined, parseOffer(publishing)).kind).toBe('libdatachannel')
  })

  it('may be of one kind alone', () => {
    const { audio } = answerPublisher(
      parseOffer(
        writeOffer({
          direction: 'sendonly',
          transport,
          cname: 'c',
          streamId: 's',
          audio: { ssrc: 1 },
        }),
      ),
      local,
    ).publication
    expect(audio?.payloadType).toBe(publishPayloadTypes.opus)
  })

  it('names what a sender needs to know', () => {
    const { video } = answerPublisher(parseOffer(publishing), local).publication
    expect(video).toMatchObject({
      payloadType: publishPayloadTypes.H264,
      extensions: publishExtensions,
    })
  })
})

describe('the offer of a viewer', () => {
  it('lists codecs, RTX, feedback and extensions as Chromium does', () => {
    const chromium = parse(realOffer('chromium-156/offer-recvonly.trickle.sdp'))
    const offer: ViewOffer = { ...viewing, video: ['VP8', 'VP9', 'AV1', 'H264'] }
    const ours = parse(writeOffer(offer))
    // Chromium has no High profile here; a tool that decodes nothing can take it.
    const high = [112, 113]
    for (const [index, media] of ours.media.entries()) {
      const theirs = chromium.media[index]!
      expect(theirs.rtp).toEqual(
        expect.arrayContaining(media.rtp.filter(({ payload }) => !high.includes(payload))),
      )
      expect(theirs.fmtp).toEqual(
        expect.arrayContaining(media.fmtp.filter(({ payload }) => !high.includes(payload))),
      )
      expect(theirs.ext).toEqual(expect.arrayContaining(media.ext ?? []))
      expect(theirs).toMatchObject({ direction: 'recvonly', rtcpRsize: 'rtcp-rsize' })
    }
  })

  it('is answered with every codec, in exact profiles', () => {
    const offer = parseOffer(writeOffer(viewing))
    const { view } = answerViewer(
      offer,
      { audio: { codec: 'opus' }, video: { codec: 'H264', profileLevelId: '640028' } },
      local,
    )
    expect(view.video).toMatchObject({ playoutDelayId: 5, transportCcId: 3 })
    for (const codec of viewing.video) expect(view.video?.payloadTypeFor(codec)).toBeDefined()
    expect(view.video?.payloadTypeFor('H264', '640028')?.exactProfile).toBe(true)
  })

  it('may leave a kind out', () => {
    expect(parseOffer(writeOffer({ ...viewing, video: [] })).media).toHaveLength(1)
    expect(parseOffer(writeOffer({ ...viewing, audio: false })).media[0]).toMatchObject({
      kind: 'video',
      mid: '0',
    })
  })
})

describe('reading an answer', () => {
  const { answer, view } = answerViewer(
    parseOffer(writeOffer(viewing)),
    { audio: { codec: 'opus' }, video: { codec: 'VP8' } },
    local,
  )

  it('ours: all that a viewer needs', () => {
    const read = parseAnswer(answer)
    expect(read).toMatchObject({
      setup: 'active',
      ice: { ufrag: local.ufrag, password: local.password, lite: true },
      fingerprints: [local.fingerprint],
      addresses: local.candidates.map(({ address, port }) => ({ address, port })),
    })
    expect(read.media[1]).toMatchObject({
      kind: 'video',
      direction: 'sendonly',
      fidGroups: [{ media: view.video?.ssrc, repair: view.video?.rtxSsrc }],
      extensions: [
        { id: 3, uri: extensionUri.transportCc },
        { id: 5, uri: extensionUri.playoutDelay },
      ],
    })
    expect(read.media[1]!.codecs[0]).toMatchObject({
      payloadType: 96,
      name: 'VP8',
      rtxPayloadType: 97,
    })
  })

  it.each(globSync('test/fixtures/rtp/*.answer.sdp').toSorted())(
    'of another server: %s',
    (path) => {
      const text = readFileSync(path, 'utf8')
      const read = parseAnswer(text)
      expect(read.setup).toBe(/a=setup:(\w+)/.exec(text)![1])
      expect(read.addresses).toEqual([
        { address: '127.0.0.1', port: Number(/127\.0\.0\.1 (\d+) typ host/.exec(text)![1]) },
      ])
      expect(read.media.map(({ codecs }) => codecs.length)).toEqual([1, 1])
    },
  )

  it('the best UDP address first, each once, without names and TCP', () => {
    const more = [
      'a=candidate:3 1 udp 5 2001:DB8:0::5 8189 typ host',
      'a=candidate:4 1 udp 2130706400 198.51.100.1 7000 typ srflx raddr 0.0.0.0 rport 9',
      'a=candidate:5 1 tcp 2130706431 203.0.113.5 8189 typ host tcptype passive',
      'a=candidate:6 1 udp 2130706431 host.local 8189 typ host',
      'a=candidate:8 1 udp 2130706431 203.0.113.6 0 typ host',
      'a=candidate:7 2 udp 2130706431 203.0.113.5 8190 typ host',
    ].join('\r\n')
    const { addresses } = parseAnswer(edited(answer, 'a=end-of-candidates', more))
    expect(addresses).toEqual([
      { address: '203.0.113.5', port: 8189 },
      { address: '198.51.100.1', port: 7000 },
      { address: '2001:db8::5', port: 8189 },
    ])
  })

  it('that is silent about its role is passive (RFC 4145 §4)', () => {
    expect(parseAnswer(answer.replace(/a=setup:.*\r\n/g, '')).setup).toBe('passive')
  })

  it.each`
    problem                   | sdp
    ${'actpass in an answer'} | ${answer.replaceAll('a=setup:active', 'a=setup:actpass')}
    ${'no fingerprint'}       | ${answer.replace(/a=fingerprint:.*\r\n/g, '')}
    ${'no SDP at all'}        | ${'<html>'}
  `('refuses $problem', ({ sdp }) => {
    expect(() => parseAnswer(sdp)).toThrow(expect.objectContaining({ code: 'malformed-sdp' }))
  })
})
