import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildRtp, isRtcp, RtpPacket, writeRtpHeader } from '#rtp/packet.ts'
import { hex } from '#test/support/bytes.ts'

describe('RTP fixed header (RFC 3550 §5.1)', () => {
  it('reads the fields in network order', () => {
    const packet = RtpPacket.parse(hex('80 e0 ff ff  00 01 5f 90  de ad be ef  aa bb'))
    expect(packet).toMatchObject({
      marker: true,
      payloadType: 96,
      sequenceNumber: 65535,
      timestamp: 90_000,
      ssrc: 0xdeadbeef,
      payloadStart: 12,
      payloadEnd: 14,
      hasPadding: false,
    })
  })

  it('gives absolute offsets, past CSRCs and extension and without padding', () => {
    const bytes = hex(`
      ffff
      b1 60 00 01  00 00 00 02  00 00 00 03  00 00 00 04
      be de 00 01  10 aa 00 00
      01 02 03  00 02
      ffff`)
    const packet = new RtpPacket()
    expect(packet.read(bytes, 2, 31)).toBe(true)
    expect(packet).toMatchObject({ start: 2, end: 31, payloadStart: 26, payloadEnd: 29, ssrc: 3 })
    expect(packet.hasPadding).toBe(true)
    expect(packet.payload).toEqual(hex('01 02 03'))
    expect(packet.extension(1)).toEqual(hex('aa'))
  })

  it('takes a probe that is all padding', () => {
    const packet = RtpPacket.parse(hex('a0 60 00 01 00 00 00 00 00 00 00 01  00 00 03'))
    expect(packet?.payload).toEqual(hex(''))
  })

  it('shares its payload with the datagram', () => {
    const datagram = hex('80 60 00 01  00 00 00 00  00 00 00 01  aa')
    const parsed = RtpPacket.parse(datagram)
    datagram[12] = 0xbb
    expect(parsed?.payload).toEqual(hex('bb'))
  })

  it('forgets the extension of the packet it showed before', () => {
    const packet = new RtpPacket()
    const first = hex('90 60 00 01 00 00 00 00 00 00 00 01 be de 00 01 10 aa 00 00')
    packet.read(first, 0, first.length)
    const second = hex('80 60 00 02 00 00 00 00 00 00 00 01 10 aa 00 00')
    packet.read(second, 0, second.length)
    expect(packet.extension(1)).toBeUndefined()
  })

  it.each`
    clause                                     | datagram
    ${'12 octets are present in every packet'} | ${'80 60 00 01 00 00 00 00 00 00 00'}
    ${'version is two'}                        | ${'40 60 00 01 00 00 00 00 00 00 00 01'}
    ${'CC counts CSRCs that are there'}        | ${'81 60 00 01 00 00 00 00 00 00 00 01'}
    ${'X announces an extension header'}       | ${'90 60 00 01 00 00 00 00 00 00 00 01 be de'}
    ${'the extension is as long as it says'}   | ${'90 60 00 01 00 00 00 00 00 00 00 01 be de 00 01 00'}
    ${'padding counts itself'}                 | ${'a0 60 00 01 00 00 00 00 00 00 00 01 00'}
    ${'padding leaves the header whole'}       | ${'a0 60 00 01 00 00 00 00 00 00 00 01 02'}
  `('rejects a packet unless $clause', ({ datagram }) => {
    expect(RtpPacket.parse(hex(datagram))).toBeUndefined()
  })

  it('takes any bytes without a throw, and offsets stay inside them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(255), (bytes, id) => {
        const packet = RtpPacket.parse(Buffer.from(bytes))
        if (!packet) return
        const { payloadStart, payloadEnd, end } = packet
        expect(12 <= payloadStart && payloadStart <= payloadEnd && payloadEnd <= end).toBe(true)
        packet.extension(id)
      }),
    )
  })

  it('reads what it wrote', () => {
    const header = fc.record({
      marker: fc.boolean(),
      payloadType: fc.nat(127),
      sequenceNumber: fc.nat(0xffff),
      timestamp: fc.nat(0xffffffff),
      ssrc: fc.nat(0xffffffff),
    })
    const data = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes))
    const extensions = fc.uniqueArray(fc.record({ id: fc.integer({ min: 1, max: 255 }), data }), {
      selector: ({ id }) => id,
    })
    fc.assert(
      fc.property(header, extensions, data, (fields, elements, payload) => {
        const packet = RtpPacket.parse(buildRtp({ ...fields, extensions: elements }, payload))
        expect(packet).toMatchObject(fields)
        expect(packet?.payload).toEqual(payload)
        for (const element of elements) expect(packet?.extension(element.id)).toEqual(element.data)
      }),
    )
  })

  it('writes a header into the middle of a buffer', () => {
    const into = Buffer.alloc(16, 0xff)
    const header = { payloadType: 111, sequenceNumber: 1, timestamp: 2, ssrc: 3 }
    expect(writeRtpHeader(into, 2, header)).toBe(14)
    expect(into).toEqual(hex('ffff 80 6f 0001 00000002 00000003 ffff'))
  })
})

describe('RTP and RTCP on one port (RFC 5761 §4)', () => {
  it.each`
    second                            | expected
    ${'c0'}                           | ${true}
    ${'c8'}                           | ${true}
    ${'df'}                           | ${true}
    ${'bf'}                           | ${false}
    ${'e0' /* PT 96 with a marker */} | ${false}
    ${'60'}                           | ${false}
  `('takes second byte $second for RTCP: $expected', ({ second, expected }) => {
    expect(isRtcp(hex(`80 ${second}`))).toBe(expected)
  })
})
