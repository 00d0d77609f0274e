import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SrtpProfile } from '#native/srtp-keys.ts'
import { deriveBytes } from '#native/twin/srtp-key-derivation.ts'
import { SrtpReceiver } from '#native/twin/srtp-receiver.ts'
import { SrtpSender } from '#native/twin/srtp-sender.ts'
import { hex } from '#test/support/bytes.ts'

// RFC 3711 appendix B.3, and the GCM master of the libsrtp test suite.
const counterModeMaster = {
  key: hex('E1F97A0D3E018BE0D64FA32C06DE4139'),
  salt: hex('0EC675AD498AFEEBB6960B3AABE6'),
}
const gcmMaster = {
  key: hex('000102030405060708090a0b0c0d0e0f'),
  salt: hex('a0a1a2a3a4a5a6a7a8a9aaab'),
}
const profiles: { profile: SrtpProfile; master: typeof gcmMaster }[] = [
  { profile: 1, master: counterModeMaster },
  { profile: 7, master: gcmMaster },
]
const body = 'ab'.repeat(16)
const rtp = hex(`800f1234 decafbad cafebabe ${body}`)
const rtcp = hex(`81c8000b cafebabe ${body}`)

function protect(sender: SrtpSender, packet: Buffer, index: number): Buffer {
  const out = Buffer.alloc(packet.length + sender.overhead)
  packet.copy(out)
  return out.subarray(0, sender.protectRtp(out, 12, packet.length, index))
}

function unprotect(receiver: SrtpReceiver, datagram: Buffer): Buffer | undefined {
  const into = Buffer.alloc(2000)
  const length = receiver.unprotectRtp(datagram, into, 100)
  return length === undefined ? undefined : into.subarray(100, 100 + length)
}

const numbered = (sequenceNumber: number) => {
  const packet = Buffer.from(rtp)
  packet.writeUInt16BE(sequenceNumber, 2)
  return packet
}

describe('SRTP key derivation (RFC 3711 §4.3, appendix B.3)', () => {
  it.each`
    label | derived
    ${0}  | ${'C61E7A93744F39EE10734AFE3FF7A087'}
    ${2}  | ${'30CBBC08863D8C85D49DB34A9AE1'}
    ${1}  | ${'CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4'}
    ${3}  | ${'4C1AA45A81F73D61C800BBB00FBB1EAA'}
    ${4}  | ${'8D54534FEB49AE8E7993A6BD0B844FC323A93DFD'}
    ${5}  | ${'9581C7AD87B3E530BF3E4454A8B3'}
  `('label $label', ({ label, derived }) => {
    expect(deriveBytes(counterModeMaster, label, derived.length / 2)).toEqual(hex(derived))
  })
})

describe('SRTP and SRTCP vectors (libsrtp test suite, SRTP-29 to 32)', () => {
  it('protects RTP with AES128_CM_HMAC_SHA1_80', () => {
    expect(protect(new SrtpSender(1, counterModeMaster), rtp, 0x1234)).toEqual(
      hex('800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb'),
    )
  })
  it('protects RTP with AEAD_AES_128_GCM', () => {
    expect(protect(new SrtpSender(7, gcmMaster), rtp, 0x1234)).toEqual(
      hex(
        '800f1234decafbadcafebabec5002ede04cfdd2eb91159e0880aa06ed2976826f796b201df3131a127e8a392',
      ),
    )
  })
  it('protects RTCP with AES128_CM_HMAC_SHA1_80 at index 1', () => {
    const sender = new SrtpSender(1, counterModeMaster)
    sender.protectRtcp(rtcp)
    expect(sender.protectRtcp(rtcp)).toEqual(
      hex('81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798'),
    )
  })
  it('reads the vectors back', () => {
    const receiver = new SrtpReceiver(1, counterModeMaster)
    const datagram = hex(
      '81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798',
    )
    expect(receiver.unprotectRtcp(datagram)).toEqual(rtcp)
  })
})

describe.each(profiles)('SRTP profile $profile', ({ profile, master }) => {
  it('gives back what was protected, over a wrap of the sequence number', () => {
    const sender = new SrtpSender(profile, master)
    const receiver = new SrtpReceiver(profile, master)
    for (let index = 65_500; index < 65_600; index++) {
      const packet = numbered(index % 0x10000)
      expect(unprotect(receiver, protect(sender, packet, index))).toEqual(packet)
    }
  })

  it('accepts late packets within 1024 and refuses older ones', () => {
    const sender = new SrtpSender(profile, master)
    const receiver = new SrtpReceiver(profile, master)
    for (const index of [5000, 5000 - 1023]) {
      expect(unprotect(receiver, protect(sender, numbered(index), index))).toBeDefined()
    }
    expect(unprotect(receiver, protect(sender, numbered(5000 - 1024), 5000 - 1024))).toBeUndefined()
    expect(receiver.failure).toBe('replayed')
  })

  it('refuses a packet that comes twice', () => {
    const datagram = protect(new SrtpSender(profile, master), rtp, 0x1234)
    const receiver = new SrtpReceiver(profile, master)
    expect(unprotect(receiver, datagram)).toEqual(rtp)
    expect(unprotect(receiver, datagram)).toBeUndefined()
    expect(receiver.failure).toBe('replayed')
  })

  it('a flipped bit anywhere fails authentication and leaves the stream as it was', () => {
    const sender = new SrtpSender(profile, master)
    const receiver = new SrtpReceiver(profile, master)
    const datagram = protect(sender, rtp, 0x1234)
    for (let at = 0; at < datagram.length; at++) {
      const corrupted = Buffer.from(datagram)
      corrupted[at]! ^= 0x01
      expect(unprotect(receiver, corrupted)).toBeUndefined()
    }
    expect(unprotect(receiver, datagram)).toEqual(rtp)
  })

  it('RTCP: refuses replays and corruption, accepts any order', () => {
    const sender = new SrtpSender(profile, master)
    const receiver = new SrtpReceiver(profile, master)
    const [first, second] = [sender.protectRtcp(rtcp), sender.protectRtcp(rtcp)]
    expect(receiver.unprotectRtcp(second)).toEqual(rtcp)
    expect(receiver.unprotectRtcp(first)).toEqual(rtcp)
    expect(receiver.unprotectRtcp(first)).toBeUndefined()
    for (let at = 0; at < second.length; at++) {
      const corrupted = Buffer.from(second)
      corrupted[at]! ^= 0x80
      expect(receiver.unprotectRtcp(corrupted)).toBeUndefined()
    }
  })

  it('any bytes give a value or undefined', () => {
    const receiver = new SrtpReceiver(profile, master)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(unprotect(receiver, Buffer.from(bytes))).toBeUndefined()
        expect(receiver.unprotectRtcp(Buffer.from(bytes))).toBeUndefined()
      }),
    )
  })
})
