import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nativeSrtp } from '#load/native-srtp.ts'
import type { SinkBinding } from '#load/sink-binding.ts'
import { twinSrtp } from '#load/srtp.ts'
import { loadAddon } from '#native/addon-file.ts'
import { buildRtp } from '#rtp/packet.ts'
import { whyNoSink } from './support/sinks.ts'

const keyOf = (saltLength: number) => ({
  key: Buffer.alloc(16, 5),
  salt: Buffer.alloc(saltLength, 9),
})
const profiles = [
  { profile: 1, key: keyOf(14) },
  { profile: 7, key: keyOf(12) },
] as const
const room = 20

describe.skipIf(whyNoSink !== undefined)('SRTP in native code', () => {
  const addon = loadAddon()
  const native = 'why' in addon ? twinSrtp : nativeSrtp(addon.binding.loadSink as SinkBinding)
  const payloads = fc.uint8Array({ minLength: 0, maxLength: 1200 })
  const packetOf = (sequenceNumber: number, payload: Uint8Array) => {
    const header = { payloadType: 96, ssrc: 7, timestamp: 1, sequenceNumber }
    return buildRtp(header, Buffer.from(payload))
  }

  it.each(profiles)('writes what TypeScript writes (profile $profile)', ({ profile, key }) => {
    fc.assert(
      fc.property(payloads, fc.integer({ min: 0, max: 2 ** 40 }), (payload, index) => {
        const [one, other] = [native, twinSrtp].map((srtp) => {
          const plain = packetOf(index % 0x10000, payload)
          const bytes = Buffer.concat([plain, Buffer.alloc(room)])
          const length = srtp.sealer(profile, key).protectRtp(bytes, 12, plain.length, index)
          return bytes.subarray(0, length)
        })
        expect(one).toEqual(other)
        const compound = Buffer.concat([
          Buffer.from('80c90001', 'hex'),
          Buffer.from(payload),
          key.key,
        ])
        expect(native.sealer(profile, key).protectRtcp(compound)).toEqual(
          twinSrtp.sealer(profile, key).protectRtcp(compound),
        )
      }),
    )
  })

  it.each(profiles)('reads it, once, and nothing else (profile $profile)', ({ profile, key }) => {
    const sealer = twinSrtp.sealer(profile, key)
    const opener = native.opener(profile, key)
    const plain = packetOf(3, Buffer.from('a payload'))
    const bytes = Buffer.concat([plain, Buffer.alloc(room)])
    const datagram = bytes.subarray(0, sealer.protectRtp(bytes, 12, plain.length, 3))
    const into = Buffer.alloc(2048)
    const broken = Buffer.from(datagram)
    broken[15]! ^= 1
    expect(opener.unprotectRtp(broken, into, 0)).toBeUndefined()
    expect(opener.failure).toBe('authentication')
    expect(opener.unprotectRtp(datagram, into, 10)).toBe(plain.length)
    expect(into.subarray(10, 10 + plain.length)).toEqual(plain)
    expect(opener.unprotectRtp(datagram, into, 0)).toBeUndefined()
    expect(opener.failure).toBe('replayed')
    expect(opener.unprotectRtp(datagram.subarray(0, 9), into, 0)).toBeUndefined()
    expect(opener.failure).toBe('too-short')
    expect(opener.unprotectRtp(datagram, into.subarray(0, 5), 0)).toBeUndefined()

    const compound = Buffer.from('80c9000100000007', 'hex')
    const report = sealer.protectRtcp(compound)
    expect(opener.unprotectRtcp(report)).toEqual(compound)
    expect(opener.unprotectRtcp(report)).toBeUndefined()
    expect(opener.unprotectRtcp(Buffer.alloc(3000))).toBeUndefined()
  })
})
