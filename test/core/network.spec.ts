import { describe, expect, it } from 'vitest'
import { networkOf } from '#core/network.ts'

describe('the network of an address (RFC 4291 §2.2)', () => {
  it.each`
    address                   | network
    ${'192.0.2.1'}            | ${'192.0.2.1'}
    ${'::ffff:192.0.2.1'}     | ${'192.0.2.1'}
    ${'2001:db8:1:2:3:4:5:6'} | ${'2001:db8:1:2'}
    ${'2001:db8:1:2:ffff::'}  | ${'2001:db8:1:2'}
    ${'2001:db8::1'}          | ${'2001:db8:0:0'}
    ${'::3:4:5:6:7:8'}        | ${'0:0:3:4'}
    ${'::1'}                  | ${'0:0:0:0'}
    ${'::'}                   | ${'0:0:0:0'}
    ${'fe80::1%eth0'}         | ${'fe80:0:0:0'}
  `('of $address is $network', ({ address, network }) => {
    expect(networkOf(address)).toBe(network)
  })

  it('is of as many groups as are asked for', () => {
    expect(networkOf('2001:db8:7:8::9', 3)).toBe('2001:db8:7')
  })
})
