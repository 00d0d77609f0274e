import { describe, expect, it } from 'vitest'
import { hex } from '#test/support/bytes.ts'
import { prf } from '#webrtc/dtls/key-schedule.ts'
import { createKeyShare, supportedCurves } from '#webrtc/dtls/key-share.ts'

it('The pseudorandom function is P_SHA256 (RFC 5246 §5)', () => {
  // The vector that implementers agreed on: IETF TLS list, mail-archive tls/current/msg03416.
  const secret = hex('9bbe436ba940f017b17652849a71db35')
  const seed = hex('a0ba9f936cda311827a6f796ffd5198c')
  const output = hex(`
    e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af
    0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701
    87347b66`)
  expect(prf(secret, 'test label', seed, 100)).toEqual(output)
})

describe('A key share (RFC 8422 §5)', () => {
  it.each(supportedCurves)('on curve %i gives both sides one secret', (curve) => {
    const [one, other] = [createKeyShare(curve), createKeyShare(curve)]
    expect(one.agree(other.publicKey)).toEqual(other.agree(one.publicKey))
  })

  // The points of small order, which give zero with any key: RFC 7748 §6.1 wants them refused.
  it.each([
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ])('refuses the X25519 point %s', (point) => {
    expect(createKeyShare(29).agree(hex(point))).toBeUndefined()
  })

  it.each([23, 24] as const)('on curve %i refuses what is no uncompressed point on it', (curve) => {
    const share = createKeyShare(curve)
    const { publicKey } = createKeyShare(curve)
    const offCurve = Buffer.from(publicKey)
    offCurve[offCurve.length - 1]! ^= 1
    const hybrid = Buffer.from(publicKey)
    hybrid[0] = 6 + (publicKey.at(-1)! & 1)
    const bad = [offCurve, hybrid, publicKey.subarray(0, -1), Buffer.of(0), Buffer.alloc(0)]
    for (const key of bad) expect(share.agree(key)).toBeUndefined()
    expect(share.agree(publicKey)).toBeDefined()
  })
})
