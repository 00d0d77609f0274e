import {
  createECDH,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto'

/**
 * Named groups we do, best first (RFC 8422 §5.1.1): X25519, P-256 and P-384. The last is there
 * for peers with a P-384 certificate, whose curve must be in the list.
 */
export const supportedCurves = [29, 23, 24] as const
export type Curve = (typeof supportedCurves)[number]

/** One side of an ECDHE exchange, used once. */
export interface KeyShare {
  readonly curve: Curve
  /** As the wire has it: 32 bytes for X25519, else an uncompressed point. */
  readonly publicKey: Buffer
  /** The shared secret; `undefined` where the peer's key is no valid point or yields zero. */
  agree(peerPublicKey: Buffer): Buffer | undefined
}

export function createKeyShare(curve: Curve): KeyShare {
  return curve === 29 ? x25519() : weierstrass(curve)
}

export function asCurve(number: number): Curve | undefined {
  return supportedCurves.find((curve) => curve === number)
}

/** SubjectPublicKeyInfo of an X25519 key up to the key itself (RFC 8410 §4). */
const x25519Prefix = Buffer.from('302a300506032b656e032100', 'hex')
const x25519Size = 32

function x25519(): KeyShare {
  const pair = generateKeyPairSync('x25519')
  const publicKey = pair.publicKey
    .export({ type: 'spki', format: 'der' })
    .subarray(x25519Prefix.length)
  return {
    curve: 29,
    publicKey,
    agree(peerPublicKey) {
      if (peerPublicKey.length !== x25519Size) return undefined
      const spki = Buffer.concat([x25519Prefix, peerPublicKey])
      return secretOf(() => agreeX25519(pair.privateKey, spki))
    },
  }
}

function agreeX25519(privateKey: KeyObject, spki: Buffer): Buffer {
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  return diffieHellman({ privateKey, publicKey })
}

/** By OpenSSL's name, with the bytes of an uncompressed point (RFC 8422 §5.4.1). */
const weierstrassCurves = {
  23: { name: 'prime256v1', pointSize: 65 },
  24: { name: 'secp384r1', pointSize: 97 },
} as const
const uncompressed = 0x04

function weierstrass(curve: keyof typeof weierstrassCurves): KeyShare {
  const { name, pointSize } = weierstrassCurves[curve]
  const ecdh = createECDH(name)
  const publicKey = ecdh.generateKeys()
  return {
    curve,
    publicKey,
    agree(peerPublicKey) {
      const wellFormed = peerPublicKey.length === pointSize && peerPublicKey[0] === uncompressed
      return wellFormed ? secretOf(() => ecdh.computeSecret(peerPublicKey)) : undefined
    },
  }
}

/**
 * OpenSSL refuses a point that is not on the curve, and an X25519 key of small order, whose
 * secret would be zero (RFC 8422 §5.10, §5.11).
 */
function secretOf(agree: () => Buffer): Buffer | undefined {
  try {
    return agree()
  } catch {
    return undefined
  }
}
