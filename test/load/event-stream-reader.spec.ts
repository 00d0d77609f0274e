import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventStreamReader } from '#load/event-stream-reader.ts'

describe('an event stream (HTML §9.2.6)', () => {
  const read = (...pieces: string[]) => {
    const reader = new EventStreamReader()
    return pieces.flatMap((piece) => reader.push(piece))
  }
  const reconnect = { name: 'reconnect', data: '{"url":"http://b/"}' }

  it.each`
    what                              | text                                                       | events
    ${'an event'}                     | ${'event: reconnect\ndata: {"url":"http://b/"}\n\n'}       | ${[reconnect]}
    ${'lines that end as Windows do'} | ${'event: reconnect\r\ndata: {"url":"http://b/"}\r\n\r\n'} | ${[reconnect]}
    ${'no space behind the colon'}    | ${'event:reconnect\ndata:{"url":"http://b/"}\n\n'}         | ${[reconnect]}
    ${'an event without a name'}      | ${'data: x\n\n'}                                           | ${[{ name: 'message', data: 'x' }]}
    ${'data of two lines'}            | ${'data: x\ndata: y\n\n'}                                  | ${[{ name: 'message', data: 'x\ny' }]}
    ${'comments'}                     | ${':\n\n: still here\n\n'}                                 | ${[]}
    ${'a name without data'}          | ${'event: reconnect\n\n'}                                  | ${[]}
    ${'what is not ended yet'}        | ${'event: reconnect\ndata: {}\n'}                          | ${[]}
  `('is read: $what', ({ text, events }) => {
    expect(read(text)).toEqual(events)
  })

  it('drops an event that is too long, and reads the next', () => {
    const long = Array.from({ length: 70 }, () => `data: ${'x'.repeat(1000)}\n`).join('')
    expect(read(`${long}\ndata: y\n\n`)).toEqual([{ name: 'message', data: 'y' }])
  })

  it('is the same however it comes in pieces, and whatever it holds is no error', () => {
    const text = 'event: a\r\ndata: 1\n\n:\n\ndata: 2\r\rdata: 3\n\n'
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), text.length]
        const pieces = places.slice(1).map((to, i) => text.slice(places[i], to))
        expect(read(...pieces)).toEqual(read(text))
      }),
    )
    fc.assert(fc.property(fc.string(), (anything) => void read(anything)))
  })
})
