import { describe, expect, it } from 'vitest'
import { reachable } from '#load/reachable.ts'

const at = (address: string) => ({ address, port: 8189 })
const mixed = [at('fe80::1'), at('192.0.2.1'), at('2001:db8::1'), at('198.51.100.1')]

describe('the candidates that are tried', () => {
  it.each`
    url                          | family | addresses
    ${'http://media.test/whep'}  | ${4}   | ${['192.0.2.1', '198.51.100.1']}
    ${'http://192.0.2.1/whep'}   | ${4}   | ${['192.0.2.1', '198.51.100.1']}
    ${'http://[2001:db8::1]/we'} | ${6}   | ${['fe80::1', '2001:db8::1']}
  `('of an answer to $url are of family $family', ({ url, family, addresses }) => {
    const found = reachable(mixed, url)
    expect(found).toEqual({ family, candidates: addresses.map(at) })
  })

  it('are of the other family where there is no choice', () => {
    expect(reachable([at('2001:db8::1')], 'http://192.0.2.1/')?.family).toBe(6)
    expect(reachable([at('192.0.2.1')], 'http://[::1]/')?.family).toBe(4)
  })

  it('are none of an empty answer', () => {
    expect(reachable([], 'http://192.0.2.1/')).toBeUndefined()
  })
})
