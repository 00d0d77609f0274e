import type { NetworkInterfaceInfo } from 'node:os'
import { describe, expect, it } from 'vitest'
import { localAddresses } from '#server/local-addresses.ts'

/** As `os.networkInterfaces()` tells them. */
function interfaceOf(address: string): NetworkInterfaceInfo {
  const internal = address === '127.0.0.1' || address === '::1'
  const shared = { address, mac: '02:00:00:00:00:01', internal, cidr: null }
  return address.includes(':')
    ? { ...shared, family: 'IPv6', netmask: 'ffff::', scopeid: 0 }
    : { ...shared, family: 'IPv4', netmask: '255.255.255.0' }
}
const of = (...addresses: readonly string[]) => addresses.map(interfaceOf)

describe('the addresses that media may come to', () => {
  it('are those that others reach before loopback, IPv4 before IPv6 (IO-41)', () => {
    const interfaces = {
      lo: of('127.0.0.1', '::1'),
      eth0: of('2001:db8::5', '203.0.113.5'),
      wlan0: of('192.168.1.7'),
    }
    expect(localAddresses(interfaces)).toEqual([
      '203.0.113.5',
      '192.168.1.7',
      '2001:db8::5',
      '127.0.0.1',
      '::1',
    ])
  })

  it('are none that need a scope: SDP cannot carry it', () => {
    const interfaces = { eth0: of('fe80::1', 'FEBF::1', 'fec0::1', '169.254.3.4', '10.0.0.1') }
    expect(localAddresses(interfaces)).toEqual(['10.0.0.1', 'fec0::1'])
  })

  it('are each named once, and 16 at most', () => {
    const bridges = Array.from({ length: 30 }, (_, i) => `172.17.${i}.1`)
    const addresses = localAddresses({ a: of('10.0.0.1'), b: of('10.0.0.1', ...bridges) })
    expect(addresses).toHaveLength(16)
    expect(addresses.slice(0, 3)).toEqual(['10.0.0.1', '172.17.0.1', '172.17.1.1'])
  })

  it('are none without a network', () => {
    expect(localAddresses({ eth0: undefined })).toEqual([])
  })
})
