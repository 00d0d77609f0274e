import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildRtp, RtpPacket } from '#rtp/packet.ts'
import { unwrapRtx, wrapRtx } from '#rtp/rtx.ts'
import { hex } from '#test/support/bytes.ts'
import { readDump, recordings } from '#test/support/rtpdump.ts'

const rtxStreams = recordings.flatMap(({ name, streams }) =>
  streams.flatMap(({ ssrc, apt, repairs, ...rest }) =>
    apt !== undefined && repairs !== undefined ? [{ name, ssrc, apt, repairs, ...rest }] : [],
  ),
)

/** What identifies a packet beside its header extensions, which a retransmission has of its own. */
function mediaOf(packet: RtpPacket) {
  const { ssrc, payloadType, sequenceNumber, timestamp, marker } = packet
  return { ssrc, payloadType, sequenceNumber, timestamp, marker, payload: packet.payload }
}

describe('retransmission (RFC 4588)', () => {
  it('puts the original number in front of the payload and back (§4)', () => {
    const original = hex('90 e0 0005 00000009 00000002 bede 0001 10aa0000 010203')
    const rtx = hex('90 e1 0007 00000009 00000003 bede 0001 10aa0000 0005 010203')
    const packet = RtpPacket.parse(original)!
    const into = Buffer.alloc(rtx.length)
    const header = { ssrc: 3, payloadType: 97, sequenceNumber: 7 }
    expect(wrapRtx(packet, header, into, 0)).toBe(rtx.length)
    expect(into).toEqual(rtx)

    const repaired = RtpPacket.parse(into)!
    expect(unwrapRtx(repaired, { ssrc: 2, payloadType: 96 })).toBe(true)
    expect(repaired.bytes.subarray(repaired.start, repaired.end)).toEqual(original)
  })

  it('leaves padding out', () => {
    const packet = RtpPacket.parse(hex('a0 60 0005 00000009 00000002 010203 00 02'))!
    const into = Buffer.alloc(17)
    expect(wrapRtx(packet, { ssrc: 3, payloadType: 97, sequenceNumber: 7 }, into, 0)).toBe(17)
    expect(into).toEqual(hex('80 61 0007 00000009 00000003 0005 010203'))
  })

  it.each`
    probe                            | packet
    ${'no payload'}                  | ${'80 61 0007 00000009 00000003'}
    ${'padding only'}                | ${'a0 61 0007 00000009 00000003 000003'}
    ${'one byte'}                    | ${'80 61 0007 00000009 00000003 00'}
    ${'an original without payload'} | ${'80 61 0007 00000009 00000003 0005'}
  `('takes $probe for a probe and leaves it as it is (IO-66)', ({ probe: _, packet }) => {
    const bytes = hex(packet)
    expect(unwrapRtx(RtpPacket.parse(bytes)!, { ssrc: 2, payloadType: 96 })).toBe(false)
    expect(bytes).toEqual(hex(packet))
  })

  it('writes nothing outside the packet that it unwraps', () => {
    const rtx = buildRtp(
      { payloadType: 97, sequenceNumber: 1, timestamp: 2, ssrc: 3 },
      hex('0005 010203'),
    )
    const slab = Buffer.concat([hex('ffff'), rtx, hex('ffff')])
    const packet = new RtpPacket()
    packet.read(slab, 2, 2 + rtx.length)
    unwrapRtx(packet, { ssrc: 2, payloadType: 96 })
    expect([slab.subarray(0, 2), slab.subarray(-2)]).toEqual([hex('ffff'), hex('ffff')])
  })

  it('unwraps what it wrapped', () => {
    const header = fc.record({
      marker: fc.boolean(),
      payloadType: fc.nat(127),
      sequenceNumber: fc.nat(0xffff),
      timestamp: fc.nat(0xffffffff),
      ssrc: fc.nat(0xffffffff),
    })
    const payload = fc.uint8Array({ minLength: 1, maxLength: 20 }).map((b) => Buffer.from(b))
    fc.assert(
      fc.property(header, payload, fc.nat(0xffff), (fields, body, sequenceNumber) => {
        const original = RtpPacket.parse(buildRtp(fields, body))!
        const into = Buffer.alloc(original.end + 2)
        wrapRtx(original, { ssrc: 1, payloadType: 97, sequenceNumber }, into, 0)
        const packet = RtpPacket.parse(into)!
        unwrapRtx(packet, fields)
        expect(mediaOf(packet)).toEqual(mediaOf(original))
      }),
    )
  })
})

describe('recorded retransmissions rebuild the packets that they repeat', () => {
  it.each(rtxStreams)('$name, SSRC $ssrc', ({ name, ssrc, apt, repairs, ...recorded }) => {
    const originals = new Map<number, ReturnType<typeof mediaOf>>()
    const counts = { paddingOnly: 0, retransmissions: 0 }
    for (const { rtcp, packet: bytes } of readDump(name)) {
      const packet = rtcp ? undefined : RtpPacket.parse(Buffer.from(bytes))
      if (packet?.ssrc === repairs) originals.set(packet.sequenceNumber, mediaOf(packet))
      if (packet?.ssrc !== ssrc) continue
      if (unwrapRtx(packet, { ssrc: repairs, payloadType: apt })) {
        counts.retransmissions++
        expect(mediaOf(packet)).toEqual(originals.get(packet.sequenceNumber))
      } else counts.paddingOnly++
    }
    expect(counts).toEqual({
      paddingOnly: recorded.paddingOnly,
      retransmissions: recorded.retransmissions,
    })
  })

  it('of ffmpeg, without header extensions, to the last byte', () => {
    const lost = [4018, 4019] // what the server asked for (fixtures/rtp/README.md)
    const target = { ssrc: 1845253191, payloadType: 106 }
    const originals: Buffer[] = []
    const repaired: Buffer[] = []
    for (const { rtcp, packet: bytes } of readDump('ffmpeg-9-nack')) {
      const packet = rtcp ? undefined : RtpPacket.parse(Buffer.from(bytes))
      if (packet?.ssrc === target.ssrc && lost.includes(packet.sequenceNumber)) {
        originals.push(packet.bytes)
      }
      if (packet?.ssrc === target.ssrc + 1 && unwrapRtx(packet, target)) {
        repaired.push(packet.bytes.subarray(packet.start, packet.end))
      }
    }
    expect(originals).toHaveLength(2)
    expect(repaired).toEqual(originals)
  })
})
