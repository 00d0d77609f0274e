import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ReplayWindow } from '#native/replay-window.ts'

it('A replay window takes each of the last 64 numbers once (RFC 3711 §3.3.2, RFC 6347 §4.1.2.6)', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 400 }), (numbers) => {
      const window = new ReplayWindow(64)
      const seen = new Set<number>()
      let newest = -1
      for (const number of numbers) {
        const isNew = !seen.has(number) && number > newest - 64
        expect(window.isFresh(number)).toBe(isNew)
        if (!isNew) continue
        window.accept(number)
        seen.add(number)
        newest = Math.max(newest, number)
      }
    }),
  )
})

it('A replay window does not move for what was only asked about', () => {
  const window = new ReplayWindow(64)
  window.accept(5)
  expect(window.isFresh(2 ** 48 - 1)).toBe(true)
  expect(window.isFresh(4)).toBe(true)
  window.accept(2 ** 48 - 1)
  expect(window.isFresh(4)).toBe(false)
})
