import { describe, expect, it } from 'vitest'
import { headerTemplate } from '#native/twin/header-template.ts'
import { readPlayoutDelay } from '#rtp/header-extensions.ts'
import { RtpPacket } from '#rtp/packet.ts'
import { withoutRtx, withRtx } from '#test/native/received.ts'

const now = { min: 0, max: 0 }
const release = { min: 0, max: 4000 }

describe('the header of a segment (RFC 3550 §5.1, RFC 8285 §4.2)', () => {
  const read = (template: Buffer) => RtpPacket.parse(Buffer.concat([template, Buffer.from('x')]))!

  it.each`
    what                    | format                                          | delay        | numbered | size
    ${'nothing'}            | ${withoutRtx}                                   | ${undefined} | ${false} | ${12}
    ${'no extension known'} | ${{ ...withoutRtx, playoutDelayId: undefined }} | ${'now'}     | ${true}  | ${12}
    ${'a delay'}            | ${withoutRtx}                                   | ${'now'}     | ${true}  | ${20}
    ${'a number'}           | ${withRtx}                                      | ${undefined} | ${true}  | ${20}
    ${'both'}               | ${withRtx}                                      | ${'release'} | ${true}  | ${24}
  `('has $size bytes with $what', ({ format, delay, numbered, size }) => {
    const { bytes } = headerTemplate(format, 96, delay, numbered)
    expect(bytes.length).toBe(size)
    expect(read(bytes)).toMatchObject({ ssrc: 0x1111, payloadType: 96, payloadStart: size })
  })

  it('says where the number goes, whatever the delay', () => {
    for (const delay of ['now', 'release', undefined] as const) {
      const { bytes, transportCcAt } = headerTemplate(withRtx, 96, delay, true)
      bytes.writeUInt16BE(0xabcd, transportCcAt!)
      const packet = read(bytes)
      expect(packet.extension(3)?.toString('hex')).toBe('abcd')
      const element = packet.extension(5)
      expect(element && readPlayoutDelay(element, 0, 3)).toEqual(delay && { now, release }[delay])
    }
  })
})
