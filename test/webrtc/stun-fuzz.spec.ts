import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hex } from '#test/support/bytes.ts'
import { checkIntegrity, parseStun } from '#webrtc/stun.ts'
import { type BindingRequest, writeBindingRequest } from '#webrtc/stun-writer.ts'
import { unsigned } from './unsigned-stun.ts'

const password = 'VOkJxbRl1RmTxUk/WvJxBt'
const request: BindingRequest = {
  transactionId: hex('b7e7a701 bc34d686 fa87dfae'),
  username: 'ours:theirs',
  password,
  priority: 0x6e0001ff,
  tieBreaker: 0x932ff9b151263b36n,
  useCandidate: true,
}

describe('any bytes (ICE-101)', () => {
  it('give a message or undefined', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => parseStun(Buffer.from(bytes))).not.toThrow()
      }),
    )
  })

  it('behind a right header give a message or undefined, and no integrity', () => {
    const words = fc.array(fc.uint8Array({ minLength: 4, maxLength: 4 }), { maxLength: 40 })
    const types = fc.constantFrom(0x0006, 0x0008, 0x0020, 0x0024, 0x0025, 0x8028, 0x802a, 0xc001)
    fc.assert(
      fc.property(words, types, fc.nat(24), (body, type, size) => {
        const bytes = Buffer.concat([Buffer.alloc(4), ...body])
        bytes.writeUInt16BE(type, 0)
        bytes.writeUInt16BE(size, 2)
        const datagram = unsigned(bytes.toString('hex'))
        const message = parseStun(datagram)
        if (message) expect(checkIntegrity(datagram, message, password)).toBe(false)
      }),
    )
  })

  it('one flipped bit of a signed request is noticed', () => {
    const datagram = writeBindingRequest(request)
    fc.assert(
      fc.property(fc.nat(datagram.length * 8 - 1), (bit) => {
        const copy = Buffer.from(datagram)
        copy[bit >> 3]! ^= 1 << (bit & 7)
        const message = parseStun(copy)
        expect(message?.fingerprint === true && checkIntegrity(copy, message, password)).toBe(false)
      }),
    )
  })

  it('parse after write is identity', () => {
    const uint32 = fc.nat(0xffff_ffff)
    const given = fc.record({
      username: fc.string({ minLength: 1, maxLength: 80 }),
      priority: uint32,
      tieBreaker: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      useCandidate: fc.boolean(),
      nomination: uint32,
    })
    fc.assert(
      fc.property(given, (fields) => {
        const id = randomBytes(12)
        const datagram = writeBindingRequest({ transactionId: id, password, ...fields })
        const { tieBreaker, ...same } = fields
        expect(parseStun(datagram)).toEqual({
          class: 'request',
          method: 1,
          transactionId: id,
          ...same,
          controlling: tieBreaker,
          integrityOffset: datagram.length - 32,
          fingerprint: true,
          unknownRequired: [],
        })
      }),
    )
  })
})
