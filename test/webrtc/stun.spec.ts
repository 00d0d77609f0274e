import { crc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { hex } from '#test/support/bytes.ts'
import { checkIntegrity, parseStun } from '#webrtc/stun.ts'
import {
  type BindingRequest,
  writeBindingError,
  writeBindingRequest,
  writeBindingSuccess,
} from '#webrtc/stun-writer.ts'
import { unsigned } from './unsigned-stun.ts'

const password = 'VOkJxbRl1RmTxUk/WvJxBt'
const transactionId = hex('b7e7a701 bc34d686 fa87dfae')

// RFC 5769 §2.1, §2.2, §2.3.
const sampleRequest = hex(`
  00010058 2112a442 b7e7a701 bc34d686 fa87dfae 80220010 5354554e 20746573 7420636c 69656e74
  00240004 6e0001ff 80290008 932ff9b1 51263b36 00060009 6576746a 3a683676 59202020 00080014
  9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2 80280004 e57a3bcf`)
const sampleIpv4Response = hex(`
  0101003c 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220 00200008
  0001a147 e112a643 00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7 80280004 c07d4c96`)
const sampleIpv6Response = hex(`
  01010048 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220 00200014
  0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9 00080014 a382954e 4be67bf1 1784c97c 8292c275
  bfe3ed41 80280004 c8fb0b4c`)

const request: BindingRequest = {
  transactionId,
  username: 'ours:theirs',
  password,
  priority: 0x6e0001ff,
  tieBreaker: 0x932ff9b151263b36n,
  useCandidate: true,
}

describe('test vectors (RFC 5769 §2)', () => {
  it('reads the request (ICE-31)', () => {
    const message = parseStun(sampleRequest)!
    expect(message).toEqual({
      class: 'request',
      method: 1,
      transactionId,
      username: 'evtj:h6vY',
      priority: 0x6e0001ff,
      useCandidate: false,
      controlled: 0x932ff9b151263b36n,
      integrityOffset: 76,
      fingerprint: true,
      unknownRequired: [],
    })
    expect(checkIntegrity(sampleRequest, message, password)).toBe(true)
  })

  it.each`
    clause      | response              | address
    ${'ICE-32'} | ${sampleIpv4Response} | ${'192.0.2.1'}
    ${'ICE-33'} | ${sampleIpv6Response} | ${'2001:db8:1234:5678:11:2233:4455:6677'}
  `('reads the response that maps $address ($clause)', ({ response, address }) => {
    const message = parseStun(response)!
    expect(message).toMatchObject({
      class: 'success',
      mappedAddress: { address, port: 32_853 },
      fingerprint: true,
    })
    expect(checkIntegrity(response, message, password)).toBe(true)
  })
})

describe('what is a STUN message (RFC 8489 §6.3, ICE-27)', () => {
  const changed = (offset: number, ...bytes: number[]) => {
    const copy = Buffer.from(sampleRequest)
    copy.set(bytes, offset)
    return copy
  }
  it.each`
    clause                                           | datagram
    ${'it has a whole header'}                       | ${sampleRequest.subarray(0, 19)}
    ${'its first two bits are zero'}                 | ${changed(0, 0x40)}
    ${'its cookie is right (ICE-28)'}                | ${changed(4, 0x20)}
    ${'its length is a multiple of 4'}               | ${changed(3, 0x57)}
    ${'its length is that of the datagram'}          | ${Buffer.concat([sampleRequest, Buffer.alloc(4)])}
    ${'nothing is cut off'}                          | ${sampleRequest.subarray(0, 100)}
    ${'its attributes end where it ends'}            | ${changed(22, 0xff, 0xff)}
    ${'its fingerprint is right (ICE-25)'}           | ${changed(107, 0)}
    ${'its fingerprint covers all before'}           | ${changed(30, 0)}
    ${'its PRIORITY has 4 bytes'}                    | ${unsigned('00240003 6e0001ff')}
    ${'its USE-CANDIDATE is empty'}                  | ${unsigned('00250004 00000000')}
    ${'its ICE-CONTROLLING has 8 bytes'}             | ${unsigned('802a0004 00000000')}
    ${'its MESSAGE-INTEGRITY has 20 bytes (ICE-24)'} | ${unsigned('00080004 00000000')}
    ${'its address has a family it knows'}           | ${unsigned('00200008 0003a147 e112a643')}
    ${'its address has the size of its family'}      | ${unsigned('00200008 0002a147 e112a643')}
    ${'its USERNAME has less than 509 bytes'}        | ${unsigned(`000601fd ${'61'.repeat(512)}`)}
    ${'it is small (ICE-55)'}                        | ${unsigned(`802204ec ${'61'.repeat(1260)}`)}
  `('only if $clause', ({ datagram }) => {
    expect(parseStun(datagram)).toBeUndefined()
  })

  it('has nothing behind its fingerprint', () => {
    const fingerprintOf = (bytes: Buffer) =>
      ((crc32(bytes) ^ 0x5354554e) >>> 0).toString(16).padStart(8, '0')
    const before = hex('0001000c 2112a442 b7e7a701 bc34d686 fa87dfae')
    const last = hex(`80280004 ${fingerprintOf(before)} 80220000`)
    expect(parseStun(Buffer.concat([before, last]))).toBeUndefined()
    // The same with nothing behind it is right.
    before.writeUInt16BE(8, 2)
    const right = hex(`80280004 ${fingerprintOf(before)}`)
    expect(parseStun(Buffer.concat([before, right]))).toMatchObject({ fingerprint: true })
  })

  it('may come without fingerprint and integrity', () => {
    expect(parseStun(unsigned('00240004 6e0001ff'))).toMatchObject({
      priority: 0x6e0001ff,
      fingerprint: false,
    })
  })
})

describe('attributes (RFC 8489 §14)', () => {
  it.each`
    type      | kind
    ${0x0001} | ${'request'}
    ${0x0011} | ${'indication'}
    ${0x0101} | ${'success'}
    ${0x0111} | ${'error'}
  `('tells a Binding $kind by its type (ICE-17)', ({ type, kind }) => {
    const message = unsigned('')
    message.writeUInt16BE(type, 0)
    expect(parseStun(message)).toMatchObject({ class: kind, method: 1 })
  })

  it('tells other methods from Binding', () => {
    const message = unsigned('')
    message.writeUInt16BE(0x0003, 0) // Allocate (RFC 8656 §5)
    expect(parseStun(message)).toMatchObject({ class: 'request', method: 3 })
    message.writeUInt16BE(0x02ef, 0)
    expect(parseStun(message)).toMatchObject({ class: 'request', method: 0xff })
  })

  it('takes the first of a kind', () => {
    expect(parseStun(unsigned('00240004 00000001 00240004 00000002'))?.priority).toBe(1)
  })

  it('names what must be understood and is not, up to eight (ICE-19)', () => {
    const many = Array.from({ length: 12 }, (_, i) => `7f0${i.toString(16)}0000`).join('')
    expect(parseStun(unsigned(many))?.unknownRequired).toEqual([
      0x7f00, 0x7f01, 0x7f02, 0x7f03, 0x7f04, 0x7f05, 0x7f06, 0x7f07,
    ])
  })

  it('passes over what may be unknown (ICE-19, ICE-21)', () => {
    const message = parseStun(unsigned('c0570004 00010002 c0010004 00000007'))
    expect(message).toMatchObject({ nomination: 7, unknownRequired: [] })
  })

  it('does not read what integrity does not cover (ICE-26)', () => {
    const message = parseStun(unsigned(`00080014 ${'00'.repeat(20)} 00250000 7f000000`))
    expect(message).toMatchObject({ useCandidate: false, unknownRequired: [] })
  })

  it('ignores the bytes that fill a value up (ICE-18)', () => {
    expect(parseStun(unsigned('00060003 613a62ff'))?.username).toBe('a:b')
  })
})

describe('message integrity (RFC 8489 §14.5, ICE-24)', () => {
  it.each`
    what                  | offset
    ${'its type'}         | ${1}
    ${'its transaction'}  | ${19}
    ${'its priority'}     | ${45}
    ${'its username'}     | ${66}
    ${'the value itself'} | ${95}
  `('fails after a change of $what', ({ offset }) => {
    const message = parseStun(sampleRequest)!
    const changed = Buffer.from(sampleRequest)
    changed[offset]! ^= 1
    expect(checkIntegrity(changed, message, password)).toBe(false)
  })

  it('fails for another password, and without the attribute', () => {
    const message = parseStun(sampleRequest)!
    expect(checkIntegrity(sampleRequest, message, `${password}x`)).toBe(false)
    const bare = unsigned('00060003 613a6200')
    expect(checkIntegrity(bare, parseStun(bare)!, password)).toBe(false)
  })

  it('covers a length that ends with it, whatever follows', () => {
    const signed = writeBindingRequest(request)
    const cut = Buffer.from(signed.subarray(0, signed.length - 8))
    cut.writeUInt16BE(cut.length - 20, 2)
    expect(checkIntegrity(cut, parseStun(cut)!, password)).toBe(true)
  })
})

describe('writers', () => {
  it('sign a check of a controlling agent (RFC 8445 §7.2.4)', () => {
    const datagram = writeBindingRequest({ ...request, nomination: 3 })
    const message = parseStun(datagram)!
    expect(message).toMatchObject({
      class: 'request',
      transactionId,
      username: 'ours:theirs',
      priority: 0x6e0001ff,
      controlling: 0x932ff9b151263b36n,
      useCandidate: true,
      nomination: 3,
      fingerprint: true,
    })
    expect(checkIntegrity(datagram, message, password)).toBe(true)
  })

  it.each(['192.0.2.1', '2001:db8:1234:5678:11:2233:4455:6677'])(
    'map %s as the vectors do (ICE-22, ICE-41)',
    (address) => {
      const vector = address.includes(':') ? sampleIpv6Response : sampleIpv4Response
      const datagram = writeBindingSuccess({ transactionId, address, port: 32_853, password })
      const size = address.includes(':') ? 24 : 12
      // The vectors have SOFTWARE before it, which our responses leave out (ICE-91).
      expect(datagram.subarray(20, 20 + size)).toEqual(vector.subarray(36, 36 + size))
      const message = parseStun(datagram)!
      expect(message).toEqual({
        ...parseStun(vector),
        integrityOffset: 20 + size,
      })
      expect(checkIntegrity(datagram, message, password)).toBe(true)
    },
  )

  it('answer with no more bytes than were asked (ICE-91)', () => {
    const address = '2001:db8:1234:5678:11:2233:4455:6677'
    const response = writeBindingSuccess({ transactionId, address, port: 1, password })
    expect(response.length).toBeLessThanOrEqual(writeBindingRequest(request).length)
  })

  it.each([400, 401, 403, 420, 487] as const)('name error %i (ICE-23)', (code) => {
    const unknown = code === 420 ? { unknown: [0x7f00, 0x7f01] } : {}
    const datagram = writeBindingError({ transactionId, code, password, ...unknown })
    const message = parseStun(datagram)!
    expect(message).toMatchObject({ class: 'error', errorCode: code, fingerprint: true })
    expect(checkIntegrity(datagram, message, password)).toBe(true)
  })

  it('print role conflict as the RFC does (ICE-23)', () => {
    const datagram = writeBindingError({ transactionId, code: 487, password })
    expect(datagram.subarray(24, 28)).toEqual(hex('00000457'))
    expect(datagram.subarray(28, 41).toString()).toBe('Role Conflict')
  })

  it('refuse an address that is none: that is a bug of the caller', () => {
    expect(() =>
      writeBindingSuccess({ transactionId, address: 'host.local', port: 1, password }),
    ).toThrow('"host.local" is no IP address')
  })
})
