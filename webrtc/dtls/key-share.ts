import {
  createECDH,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto'

/** Named groups we do, best first (RFC 8422 §5.1.1): X25519 and P-256. */
export const supportedCurves = [29, 23] as const
export type Curve = (typeof supportedCurves)[number]

/** One side of an ECDHE exchange, used once. */
export interface KeyShare {
  readonly curve: Curve
  /** As the wire has it: 32 bytes for X25519, an uncompressed point of 65 for P-256. */
  readonly publicKey: Buffer
  /** The shared secret; `undefined` where the peer's key is no valid point or yields zero. */
  agree(peerPublicKey: Buffer): Buffer | undefined
}

export function createKeyShare(curve: Curve): KeyShare {
  return curve === 29 ? x25519() : p256()
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

const uncompressedPoint = 0x04
const p256PointSize = 65

function p256(): KeyShare {
  const ecdh = createECDH('prime256v1')
  const publicKey = ecdh.generateKeys()
  return {
    curve: 23,
    publicKey,
    agree(peerPublicKey) {
      const wellFormed =
        peerPublicKey.length === p256PointSize && peerPublicKey[0] === uncompressedPoint
      // OpenSSL refuses a point that is not on the curve.
      return wellFormed ? secretOf(() => ecdh.computeSecret(peerPublicKey)) : undefined
    },
  }
}

/** A small-order X25519 key yields zero; OpenSSL says no, and we look (RFC 8422 §5.11). */
function secretOf(agree: () => Buffer): Buffer | undefined {
  try {
    const secret = agree()
    return secret.some((byte) => byte !== 0) ? secret : undefined
  } catch {
    return undefined
  }
}
