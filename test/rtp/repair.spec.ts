import { expect, it } from 'vitest'
import { NackGenerator } from '#rtp/nack-generator.ts'
import { hex } from '#test/support/bytes.ts'
import { Link } from '#test/support/link.ts'

const numbered = (n: number) => hex(n.toString(16).padStart(4, '0'))

it('repairs lost packets within one round trip and the reordering wait', () => {
  const media = new Link({ delay: 20, drop: [3, 4, 7] })
  const feedback = new Link({ delay: 20 })
  const nack = new NackGenerator({ reorderWait: 10 })
  const arrivals = new Map<number, number>()

  for (let now = 0; now < 200; now++) {
    if (now < 100 && now % 10 === 0) media.send(numbered(now / 10), now)
    for (const request of feedback.deliver(now)) media.send(request, now)
    for (const packet of media.deliver(now)) {
      arrivals.set(packet.readUInt16BE(0), now)
      nack.receive(packet.readUInt16BE(0), now)
    }
    const repair = nack.poll(now)
    if (repair?.kind === 'nack') for (const n of repair.lost) feedback.send(numbered(n), now)
  }

  expect([...arrivals.keys()].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(arrivals.get(7)).toBe(80 + 20 + 10 + 40) // sent, seen missing, waited, asked and answered
})
