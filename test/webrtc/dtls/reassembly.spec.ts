import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type HandshakeFragment,
  type HandshakeMessage,
  readFragments,
  writeFragment,
} from '#webrtc/dtls/handshake-message.ts'
import { Reassembly } from '#webrtc/dtls/reassembly.ts'

const part = (
  message: Omit<HandshakeFragment, 'offset' | 'bytes'>,
  offset: number,
  text: string,
) => ({
  ...message,
  offset,
  bytes: Buffer.from(text),
})

/** All messages that are whole, in the order they are given out. */
function messagesOf(reassembly: Reassembly): HandshakeMessage[] {
  const messages: HandshakeMessage[] = []
  for (let message = reassembly.peek(); message; message = reassembly.peek()) {
    messages.push(message)
    reassembly.advance()
  }
  return messages
}
const taken = (reassembly: Reassembly) => messagesOf(reassembly).map(({ body }) => body.toString())

describe('Fragments of handshake messages (RFC 6347 §4.2.3)', () => {
  it('are put together from any cut, order, overlap and repetition', () => {
    const message = fc.uint8Array({ maxLength: 200 }).map((body) => Buffer.from(body))
    const cut = fc.record({ which: fc.nat(), offset: fc.nat(), length: fc.nat({ max: 80 }) })
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 6 }),
        fc.array(cut, { maxLength: 40 }),
        (bodies, cuts) => {
          const messages = bodies.map((body, sequence) => ({ type: 11, sequence, body }))
          const pieces = cuts.map(({ which, offset, length }) => {
            const message = messages[which % messages.length]!
            return writeFragment(message, offset % (message.body.length + 1), length)
          })
          const whole = messages.map((message) => writeFragment(message, 0, message.body.length))
          const reassembly = new Reassembly()
          const record = Buffer.concat([...pieces, ...whole.reverse()])
          for (const fragment of readFragments(record)) reassembly.add(fragment)
          expect(messagesOf(reassembly)).toEqual(messages)
        },
      ),
    )
  })

  it('come with a ClientHello in two datagrams, the second first (IO-60)', () => {
    const reassembly = new Reassembly()
    const hello = { type: 1, sequence: 0, length: 8 }
    reassembly.add(part(hello, 5, 'fgh'))
    expect(reassembly.peek()).toBeUndefined()
    reassembly.add(part(hello, 0, 'abcde'))
    expect(taken(reassembly)).toEqual(['abcdefgh'])
  })

  it('without content make a message without body', () => {
    const reassembly = new Reassembly()
    reassembly.add(part({ type: 14, sequence: 0, length: 0 }, 0, ''))
    expect(taken(reassembly)).toEqual([''])
  })

  it.each([
    ['another length', { type: 1, sequence: 0, length: 9 }],
    ['another type', { type: 2, sequence: 0, length: 4 }],
  ])('of %s do not keep the true message out', (_what, forged) => {
    const reassembly = new Reassembly()
    reassembly.add(part(forged, 0, 'ab'))
    reassembly.add(part({ type: 1, sequence: 0, length: 4 }, 0, 'abcd'))
    expect(taken(reassembly)).toEqual(['abcd'])
  })

  it('are overwritten by newer ones, as any may be forged', () => {
    const reassembly = new Reassembly()
    const message = { type: 1, sequence: 0, length: 4 }
    reassembly.add(part(message, 0, 'xyz'))
    reassembly.add(part(message, 0, 'abcd'))
    expect(taken(reassembly)).toEqual(['abcd'])
  })

  it('of a discarded message come again', () => {
    const reassembly = new Reassembly()
    const message = { type: 1, sequence: 0, length: 4 }
    reassembly.add(part(message, 0, 'wxyz'))
    reassembly.discard()
    expect(reassembly.peek()).toBeUndefined()
    reassembly.add(part(message, 0, 'abcd'))
    expect(taken(reassembly)).toEqual(['abcd'])
  })

  it.each([
    [16_384, 1],
    [16_385, 0],
  ])('of a message of %i bytes make %i of it (SEC-43)', (length, made) => {
    const reassembly = new Reassembly()
    reassembly.add(part({ type: 1, sequence: 0, length }, 0, 'x'.repeat(length)))
    expect(taken(reassembly).length).toBe(made)
  })

  it('of a message more than eight ahead are dropped', () => {
    const reassembly = new Reassembly()
    for (const sequence of [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]) {
      reassembly.add(part({ type: 1, sequence, length: 1 }, 0, `${sequence}`))
    }
    expect(taken(reassembly).join('')).toBe('012345678')
  })

  it('of later messages give way where room is short (SEC-43)', () => {
    const reassembly = new Reassembly()
    const long = { type: 11, length: 8 * 1024 }
    const text = 'x'.repeat(long.length)
    for (const sequence of [1, 2, 3, 0, 4]) {
      reassembly.add(part({ ...long, sequence }, 0, text))
    }
    // 0 took the place of 3; 4 found none.
    expect(taken(reassembly).length).toBe(3)
    expect(reassembly.next).toBe(3)
  })
})

describe('A handshake record', () => {
  it('of any bytes gives fragments within its bounds', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (array) => {
        for (const { bytes, offset, length } of readFragments(Buffer.from(array))) {
          expect(offset + bytes.length).toBeLessThanOrEqual(length)
        }
      }),
    )
  })

  it('may hold several fragments', () => {
    const record = Buffer.concat([
      writeFragment({ type: 14, sequence: 3, body: Buffer.alloc(0) }, 0, 0),
      writeFragment({ type: 11, sequence: 4, body: Buffer.from('abcdef') }, 2, 3),
    ])
    expect([...readFragments(record)]).toEqual([
      { type: 14, sequence: 3, length: 0, offset: 0, bytes: Buffer.alloc(0) },
      { type: 11, sequence: 4, length: 6, offset: 2, bytes: Buffer.from('cde') },
    ])
  })
})
