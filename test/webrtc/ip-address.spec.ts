import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hex } from '#test/support/bytes.ts'
import { addressBytes, addressText } from '#webrtc/ip-address.ts'

describe('text and bytes of an address (RFC 4291 §2.2, RFC 5952 §4)', () => {
  it.each`
    text                      | bytes                                 | canonical
    ${'192.0.2.1'}            | ${'c0000201'}                         | ${'192.0.2.1'}
    ${'::'}                   | ${'00000000000000000000000000000000'} | ${'::'}
    ${'::1'}                  | ${'00000000000000000000000000000001'} | ${'::1'}
    ${'1::'}                  | ${'00010000000000000000000000000000'} | ${'1::'}
    ${'2001:DB8::5'}          | ${'20010db8000000000000000000000005'} | ${'2001:db8::5'}
    ${'2001:db8:0:1:1:1:1:1'} | ${'20010db8000000010001000100010001'} | ${'2001:db8:0:1:1:1:1:1'}
    ${'2001:0:0:1:0:0:0:1'}   | ${'20010000000000010000000000000001'} | ${'2001:0:0:1::1'}
    ${'fe80::1%eth0'}         | ${'fe800000000000000000000000000001'} | ${'fe80::1'}
    ${'64:ff9b::192.0.2.33'}  | ${'0064ff9b0000000000000000c0000221'} | ${'64:ff9b::c000:221'}
  `('reads $text', ({ text, bytes, canonical }) => {
    expect(addressBytes(text)).toEqual(hex(bytes))
    expect(addressText(hex(bytes))).toBe(canonical)
  })

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '1.2.3.-4',
    'a',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '12345::',
    'g::',
    '1.2.3.4::',
    'name.local',
  ])('takes "%s" for no address', (text) => {
    expect(addressBytes(text)).toBeUndefined()
  })

  it('gives back any address, in a form that Node takes for one', () => {
    const address = fc.oneof(...[4, 16].map((n) => fc.uint8Array({ minLength: n, maxLength: n })))
    fc.assert(
      fc.property(address, (bytes) => {
        const text = addressText(Buffer.from(bytes))
        expect(isIP(text)).toBe(bytes.length === 4 ? 4 : 6)
        expect(addressBytes(text)).toEqual(Buffer.from(bytes))
      }),
    )
  })
})
