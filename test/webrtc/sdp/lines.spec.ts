import { describe, expect, it } from 'vitest'
import { parseOffer } from '#webrtc/sdp/offer.ts'
import { edited, realOffer } from './offers.ts'

const obs = realOffer('obs-32.2.2/single-layer/post.sdp')
const inVideo = (...lines: string[]) => edited(obs, 'a=mid:1', ['a=mid:1', ...lines].join('\r\n'))
const many = (count: number, line: (i: number) => string) =>
  inVideo(...Array.from({ length: count }, (_, i) => line(i)))

describe('SDP that cannot be read (WHIP-17, SEC-27..31)', () => {
  it.each`
    problem                                 | sdp                                                                 | message
    ${'an empty text'}                      | ${''}                                                               | ${'"v=0"'}
    ${'something else'}                     | ${'{"sdp": "v=0"}'}                                                 | ${'"v=0"'}
    ${'another version'}                    | ${edited(obs, 'v=0', 'v=1')}                                        | ${'"v=0"'}
    ${'no m= line'}                         | ${obs.slice(0, obs.indexOf('m=audio'))}                             | ${'no m= line'}
    ${'a line of another shape'}            | ${edited(obs, 't=0 0', 'hello')}                                    | ${'line 4'}
    ${'an unknown line type (WHIP-116)'}    | ${edited(obs, 't=0 0', 'y=0')}                                      | ${'line 4'}
    ${'a NUL (SEC-30)'}                     | ${edited(obs, 's=-', 's=\0')}                                       | ${'control character'}
    ${'a CR inside of a line (SEC-30)'}     | ${edited(obs, 's=-', 's=a\rb')}                                     | ${'control character'}
    ${'a DEL (SEC-30)'}                     | ${edited(obs, 's=-', 's=\x7f')}                                     | ${'control character'}
    ${'no ufrag'}                           | ${obs.replace(/a=ice-ufrag:.*\r\n/g, '')}                           | ${'a=ice-ufrag'}
    ${'no password'}                        | ${obs.replace(/a=ice-pwd:.*\r\n/g, '')}                             | ${'a=ice-pwd'}
    ${'a short ufrag (ICE-11)'}             | ${obs.replace(/a=ice-ufrag:.*/g, 'a=ice-ufrag:abc')}                | ${'a=ice-ufrag'}
    ${'a short password (ICE-11)'}          | ${obs.replace(/a=ice-pwd:.*/g, `a=ice-pwd:${'a'.repeat(21)}`)}      | ${'a=ice-pwd'}
    ${'a long ufrag (ICE-11)'}              | ${obs.replace(/a=ice-ufrag:.*/g, `a=ice-ufrag:${'a'.repeat(257)}`)} | ${'a=ice-ufrag'}
    ${'a password with a space'}            | ${obs.replace(/a=ice-pwd:.*/g, `a=ice-pwd:${'a b'.repeat(9)}`)}     | ${'a=ice-pwd'}
    ${'a fingerprint of another length'}    | ${edited(obs, /sha-256 .{3}/, 'sha-256 ')}                          | ${'a=fingerprint'}
    ${'a fingerprint that is not hex'}      | ${edited(obs, /sha-256 ../, 'sha-256 GG')}                          | ${'a=fingerprint'}
    ${'an m= line without formats'}         | ${edited(obs, 'SAVPF 96', 'SAVPF')}                                 | ${'m= line'}
    ${'a port above 65535 (SEC-29)'}        | ${edited(obs, 'video 9 ', 'video 65536 ')}                          | ${'port'}
    ${'a port that is no number'}           | ${edited(obs, 'video 9 ', 'video -1 ')}                             | ${'port'}
    ${'a payload type above 127 (SEC-29)'}  | ${edited(obs, 'SAVPF 96', 'SAVPF 128')}                             | ${'format'}
    ${'a payload type with two names'}      | ${inVideo('a=rtpmap:96 VP8/90000')}                                 | ${'two a=rtpmap'}
    ${'an rtpmap without a rate'}           | ${edited(obs, 'H264/90000', 'H264')}                                | ${'clock rate'}
    ${'a codec name that is no token'}      | ${edited(obs, 'H264/90000', 'H"264/90000')}                         | ${'a=rtpmap'}
    ${'feedback for nothing'}               | ${edited(obs, 'a=rtcp-fb:96 nack\r', 'a=rtcp-fb:96\r')}             | ${'a=rtcp-fb'}
    ${'an SSRC above 32 bits (SEC-29)'}     | ${obs.replace(/4110535295/g, '4294967296')}                         | ${'a=ssrc'}
    ${'an extension id of 0 (SEC-29)'}      | ${edited(obs, 'a=extmap:2', 'a=extmap:0')}                          | ${'a=extmap'}
    ${'an extension id above 255 (SEC-29)'} | ${edited(obs, 'a=extmap:2', 'a=extmap:256')}                        | ${'a=extmap'}
    ${'an extension without a URI'}         | ${inVideo('a=extmap:3')}                                            | ${'a=extmap'}
    ${'a mid that is no token (SEC-31)'}    | ${edited(obs, 'a=mid:1', 'a=mid:1 2')}                              | ${'a=mid'}
    ${'a mid of 65 characters (SEC-31)'}    | ${edited(obs, 'a=mid:1', `a=mid:${'1'.repeat(65)}`)}                | ${'a=mid'}
    ${'a rid of 17 characters (WHIP-122)'}  | ${inVideo(`a=rid:${'1'.repeat(17)} send`)}                          | ${'rid'}
    ${'a rid without a direction'}          | ${inVideo('a=rid:1')}                                               | ${'a=rid'}
    ${'simulcast of a rid that is none'}    | ${inVideo('a=simulcast:send a;')}                                   | ${'rid'}
  `('is $problem', ({ sdp, message }) => {
    expect(() => parseOffer(sdp)).toThrow(expect.objectContaining({ code: 'malformed-sdp' }))
    expect(() => parseOffer(sdp)).toThrow(message)
  })
})

describe('SDP that is too big (SEC-27, SEC-28)', () => {
  it.each`
    what                      | cap     | sdp
    ${'lines'}                | ${2000} | ${(n: number) => obs + 'a=x\r\n'.repeat(n - (obs.match(/\n/g)?.length ?? 0))}
    ${'characters of a line'} | ${4096} | ${(n: number) => edited(obs, 's=-', `s=${'x'.repeat(n - 2)}`)}
    ${'sections'}             | ${16}   | ${(n: number) => obs + Array.from({ length: n - 2 }, (_, i) => `m=audio 0 UDP/TLS/RTP/SAVPF 0\r\na=mid:off${i}\r\n`).join('')}
    ${'formats'}              | ${64}   | ${(n: number) => edited(obs, 'SAVPF 96', `SAVPF 96${' 0'.repeat(n - 1)}`)}
    ${'codecs'}               | ${64}   | ${(n: number) => many(n - 1, (i) => `a=rtpmap:${i} x/1`)}
    ${'parameter lines'}      | ${64}   | ${(n: number) => many(n - 1, (i) => `a=fmtp:${i} a=1`)}
    ${'extensions'}           | ${32}   | ${(n: number) => many(n - 2, (i) => `a=extmap:${i + 3} urn:x${i}`)}
    ${'feedback lines'}       | ${256}  | ${(n: number) => many(n - 3, () => 'a=rtcp-fb:96 nack')}
    ${'SSRC lines'}           | ${64}   | ${(n: number) => many(n - 2, (i) => `a=ssrc:${i + 1} cname:x`)}
    ${'rids'}                 | ${8}    | ${(n: number) => many(n, (i) => `a=rid:${i} send`)}
    ${'simulcast streams'}    | ${8}    | ${(n: number) => inVideo(`a=simulcast:send ${Array.from({ length: n }, (_, i) => `r${i}`).join(';')}`)}
    ${'candidates'}           | ${64}   | ${(n: number) => many(n, () => 'a=candidate:1 1 udp 1 192.0.2.1 9 typ host')}
  `('has more than $cap $what', ({ cap, sdp }) => {
    const code = expect.objectContaining({ code: 'malformed-sdp' })
    expect(() => parseOffer(sdp(cap))).not.toThrow(code)
    expect(() => parseOffer(sdp(cap + 1))).toThrow(code)
  })

  it('has more than 64 KiB, counted as UTF-8', () => {
    const line = `a=${'é'.repeat(1000)}\r\n`
    const room = 64 * 1024 - Buffer.byteLength(obs)
    const full = obs + line.repeat(Math.floor(room / 2004)) + 'a=\r\n'.repeat((room % 2004) >> 2)
    const exact = full + '\n'.repeat(64 * 1024 - Buffer.byteLength(full))
    expect(Buffer.byteLength(exact)).toBe(64 * 1024)
    expect(parseOffer(exact)).toEqual(parseOffer(obs))
    expect(() => parseOffer(`${exact}\n`)).toThrow('longer than 65536 bytes')
  })
})
