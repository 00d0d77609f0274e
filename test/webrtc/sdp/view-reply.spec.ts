import { describe, expect, it } from 'vitest'
import type { ServiceError } from '#core/errors.ts'
import { offerView } from '#webrtc/sdp/view-offer.ts'
import { readReply } from '#webrtc/sdp/view-reply.ts'
import type { ViewWishes } from '#webrtc/sdp/viewed-track.ts'
import { edited, local } from './offers.ts'
import { replyTo } from './replies.ts'

const high = { codec: 'H264', profileLevelId: '640028' } as const
const both = { audio: { codec: 'opus' }, video: high } as const
const { offer, tracks } = offerView(both, local)
const good = replyTo(offer)

const read = (sdp: string, wanted: ViewWishes = both) => readReply(sdp, tracks, wanted)

/** What it is refused with. */
function refusal(sdp: string, wanted: ViewWishes = both): Pick<ServiceError, 'code' | 'message'> {
  try {
    read(sdp, wanted)
  } catch (error) {
    return error as ServiceError
  }
  throw new Error('it was taken')
}

describe('a viewer’s answer to our offer (draft-ietf-wish-whep §4.3.2, RFC 3264 §6)', () => {
  it('gives the transport, and tracks by the names of the offer', () => {
    const { view, rejected, originUsername } = read(good)
    expect(rejected).toEqual([])
    expect(originUsername).toBe('-')
    expect(view.transport).toEqual({
      // Browsers answer `active`, and then we wait for their hello (WHEP-36, WHEP-64).
      dtlsRole: 'server',
      remoteUfrag: 'ovV1',
      remotePassword: 'replyPwd0123456789abcdef',
      remoteFingerprints: [{ algorithm: 'sha-256', value: `${'AB:'.repeat(31)}AB` }],
    })
    const [sound, picture] = tracks
    expect(view.audio).toMatchObject({ section: 0, kind: 'audio', clockRate: 48_000 })
    expect(view.audio).toMatchObject({ ssrc: sound!.names.ssrc, cname: sound!.names.cname })
    expect(view.audio).not.toHaveProperty('rtxSsrc')
    expect(view.audio).not.toHaveProperty('transportCcId')
    expect(view.video).toMatchObject({
      section: 1,
      kind: 'video',
      ssrc: picture!.names.ssrc,
      rtxSsrc: picture!.names.rtxSsrc,
      clockRate: 90_000,
      transportCcId: 3,
      playoutDelayId: 5,
    })
    expect(view.video?.payloadTypeFor('H264', '640028')).toEqual({
      payloadType: 108,
      rtxPayloadType: 109,
      exactProfile: true,
    })
    expect(view.video?.payloadTypeFor('VP8')).toMatchObject({ payloadType: 96 })
    expect(view.audio?.payloadTypeFor('opus')).toMatchObject({ payloadType: 111 })
  })

  it.each([
    ['active', 'server'],
    ['passive', 'client'],
  ])('that is %s makes us DTLS %s (RFC 8842 §5.3)', (setup, role) => {
    const sdp = good.replaceAll('a=setup:active', `a=setup:${setup}`)
    expect(read(sdp).view.transport.dtlsRole).toBe(role)
  })

  it('keeps only the formats that it lists', () => {
    const sdp = replyTo(offer, { formats: ['102', '103', '96', '97'] })
    const { video } = read(sdp).view
    // High is not among them: what decodes another profile of H264 decodes that one as well.
    expect(video?.payloadTypeFor('H264', '640028')).toMatchObject({
      payloadType: 102,
      exactProfile: false,
    })
    expect(video?.payloadTypeFor('VP9', '0')).toBeUndefined()
  })

  it.each`
    what                            | sdp
    ${'no transport-wide feedback'} | ${good.replaceAll(/a=rtcp-fb:\d+ transport-cc\r\n/g, '')}
    ${'no such extension'}          | ${good.replaceAll(/a=extmap:3 .*\r\n/g, '')}
    ${'the extension elsewhere'}    | ${good.replaceAll('a=extmap:3 ', 'a=extmap:7 ')}
    ${'no RTX'}                     | ${good.replaceAll(/a=fmtp:\d+ apt=\d+\r\n/g, '')}
  `('with $what has no transport-wide numbers', ({ sdp }) => {
    expect(sdp).not.toBe(good)
    expect(read(sdp).view.video).not.toHaveProperty('transportCcId')
  })

  it('that declines a section is taken with the other', () => {
    const { view, rejected } = read(replyTo(offer, { rejected: ['video'] }))
    expect(rejected).toEqual(['video'])
    expect(Object.keys(view)).toEqual(['transport', 'audio'])
    const idle = edited(good, /(m=video[\s\S]*?)a=recvonly/, '$1a=inactive')
    expect(read(idle).rejected).toEqual(['video'])
  })

  it('is read against what the stream is made of by now', () => {
    const sdp = replyTo(offer, { formats: ['96', '97'] })
    expect(refusal(sdp).message).toContain("the stream's video is H264")
    expect(read(sdp, { video: { codec: 'VP8' } }).view.video).toBeDefined()
    expect(read(sdp, {}).view.video).toBeDefined()
  })
})

describe('an answer that is refused', () => {
  const fingerprints = good.replaceAll(/a=fingerprint:.*\r\n/g, '')
  it.each`
    clause                                            | sdp                                                        | code                     | message
    ${'that is no SDP (WHEP-28)'}                     | ${'hello'}                                                 | ${'malformed-sdp'}       | ${'cannot be read'}
    ${'with a section less (RFC 3264 §6)'}            | ${good.slice(0, good.indexOf('m=video'))}                  | ${'malformed-sdp'}       | ${'1 m= lines, the offer 2'}
    ${'with other mids'}                              | ${good.replace('a=mid:1', 'a=mid:video')}                  | ${'malformed-sdp'}       | ${'section "video"'}
    ${'with sections in another order'}               | ${good.replace('m=audio', 'm=video')}                      | ${'malformed-sdp'}       | ${'section "0"'}
    ${'that leaves the role open (RFC 8842 §5.3)'}    | ${good.replaceAll('setup:active', 'setup:actpass')}        | ${'malformed-sdp'}       | ${'neither active nor passive'}
    ${'without ice-ufrag'}                            | ${good.replaceAll(/a=ice-ufrag.*\r\n/g, '')}               | ${'malformed-sdp'}       | ${'a=ice-ufrag'}
    ${'without a fingerprint'}                        | ${fingerprints}                                            | ${'unacceptable-answer'} | ${'a=fingerprint'}
    ${'of a lite agent (WHEP-63)'}                    | ${good.replace('t=0 0', 't=0 0\r\na=ice-lite')}            | ${'unacceptable-answer'} | ${'a=ice-lite'}
    ${'that unbundles (WHEP-61)'}                     | ${good.replace('BUNDLE 0 1', 'BUNDLE 0')}                  | ${'unacceptable-answer'} | ${'BUNDLE'}
    ${'without rtcp-mux (WHEP-61)'}                   | ${good.replaceAll(/a=rtcp-mux\r\n/g, '')}                  | ${'unacceptable-answer'} | ${'a=rtcp-mux'}
    ${'that would send (WHEP-30)'}                    | ${good.replace('a=recvonly', 'a=sendonly')}                | ${'unacceptable-answer'} | ${'answers recvonly'}
    ${'that would send as well (WHEP-30)'}            | ${good.replace('a=recvonly', 'a=sendrecv')}                | ${'unacceptable-answer'} | ${'answers recvonly'}
    ${'that rejects everything'}                      | ${replyTo(offer, { rejected: ['audio', 'video'] })}        | ${'unacceptable-answer'} | ${'rejects all sections'}
    ${'that makes everything inactive'}               | ${good.replaceAll('a=recvonly', 'a=inactive')}             | ${'unacceptable-answer'} | ${'rejects all sections'}
    ${'without what is live, as Firefox can (IO-62)'} | ${replyTo(offer, { formats: ['96', '97', '112', '113'] })} | ${'no-common-codec'}     | ${"the stream's video is H264"}
    ${'without Opus'}                                 | ${good.replace('opus/48000/2', 'x-opus/48000/2')}          | ${'no-common-codec'}     | ${"the stream's audio is opus"}
  `('$clause', ({ sdp, code, message }) => {
    expect(refusal(sdp)).toMatchObject({ code, message: expect.stringContaining(message) })
  })
})
