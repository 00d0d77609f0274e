import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { classify } from '#native/demux.ts'

function datagram(first: number, second = 0, length = 100): Buffer {
  const bytes = Buffer.alloc(length)
  bytes[0] = first
  bytes[1] = second
  return bytes
}

describe('one port for everything (RFC 7983 §7, ICE-83, ICE-84, ICE-88)', () => {
  it.each`
    range                   | from   | to     | kind
    ${'STUN'}               | ${0}   | ${3}   | ${'stun'}
    ${'unassigned'}         | ${4}   | ${15}  | ${'drop'}
    ${'ZRTP'}               | ${16}  | ${19}  | ${'drop'}
    ${'DTLS, 1.3 too'}      | ${20}  | ${63}  | ${'dtls'}
    ${'TURN channels'}      | ${64}  | ${79}  | ${'drop'}
    ${'QUIC, short header'} | ${80}  | ${127} | ${'drop'}
    ${'RTP'}                | ${128} | ${191} | ${'rtp'}
    ${'QUIC, long header'}  | ${192} | ${255} | ${'drop'}
  `('takes first bytes $from to $to, $range, for $kind', ({ from, to, kind }) => {
    for (let first = from; first <= to; first++) expect(classify(datagram(first))).toBe(kind)
  })
})

describe('RTCP beside RTP (RFC 5761 §4, ICE-85)', () => {
  it.each`
    second | kind      | what
    ${96}  | ${'rtp'}  | ${'payload type 96'}
    ${191} | ${'rtp'}  | ${'payload type 63 with marker'}
    ${192} | ${'rtcp'} | ${'the first RTCP type'}
    ${200} | ${'rtcp'} | ${'a sender report'}
    ${223} | ${'rtcp'} | ${'the last RTCP type'}
    ${224} | ${'rtp'}  | ${'payload type 96 with marker'}
  `('takes a second byte of $second, $what, for $kind', ({ second, kind }) => {
    expect(classify(datagram(0x80, second))).toBe(kind)
  })
})

describe('shortest datagrams (ICE-86)', () => {
  it.each`
    kind      | first   | second | length
    ${'stun'} | ${0}    | ${1}   | ${20}
    ${'dtls'} | ${22}   | ${254} | ${13}
    ${'rtp'}  | ${0x80} | ${96}  | ${12}
    ${'rtcp'} | ${0x80} | ${200} | ${8}
  `('wants $length bytes of $kind', ({ kind, first, second, length }) => {
    expect(classify(datagram(first, second, length))).toBe(kind)
    expect(classify(datagram(first, second, length - 1))).toBe('drop')
  })

  it('has a kind for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 32 }), (bytes) => {
        expect(['stun', 'dtls', 'rtp', 'rtcp', 'drop']).toContain(classify(Buffer.from(bytes)))
      }),
    )
  })
})
