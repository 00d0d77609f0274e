import { expect, it } from 'vitest'
import { TransportHistory } from '#native/twin/transport-history.ts'

it('numbers packets from 0, wraps at 2^16, and remembers the last two thousand', () => {
  const history = new TransportHistory()
  const numbers = Array.from({ length: 0x10002 }, (_, i) => history.next(i, 100 + (i % 1000)))
  expect([numbers[0], numbers[0xffff], numbers[0x10000], numbers[0x10001]]).toEqual([
    0, 0xffff, 0, 1,
  ])
  expect(history.find(1)).toEqual({ at: 0x10001, bytes: 100 + (0x10001 % 1000), cluster: 0 })
  expect(history.find(0xffff)).toEqual({ at: 0xffff, bytes: 100 + (0xffff % 1000), cluster: 0 })
  expect(history.find(0x10002 - 2048)).toBeDefined()
  expect(history.find(0x10001 - 2048)).toBeUndefined()
  expect(new TransportHistory().find(0)).toBeUndefined()
})
