import { type KeyObject, sign, verify } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { canonicalJson } from './canonical-json.ts'
import type { ChainEnd } from './record.ts'

const Head = Type.Object(
  {
    tenant: Type.String(),
    seq: Type.Integer({ minimum: 1 }),
    hash: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    ts: Type.String(),
    /** Ed25519 over the canonical JSON of the rest, in base64url. */
    signature: Type.String({ pattern: '^[\\w-]{86}$' }),
  },
  { additionalProperties: false },
)

/** Says how far a chain had come: what is cut off behind it shows by this (SEC-70). */
export type Head = Static<typeof Head>

export function signHead(tenant: string, end: ChainEnd, wall: number, key: KeyObject): Head {
  const said = { tenant, ...end, ts: new Date(wall).toISOString() }
  const signature = sign(undefined, Buffer.from(canonicalJson(said)), key).toString('base64url')
  return { ...said, signature }
}

/** @returns `undefined` for what is no head, or is not signed with this key */
export function readHead(text: string, publicKey: KeyObject): Head | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (!Value.Check(Head, value)) return undefined
    const { signature, ...said } = value
    const signed = Buffer.from(canonicalJson(said))
    const holds = verify(undefined, signed, publicKey, Buffer.from(signature, 'base64url'))
    return holds ? value : undefined
  } catch {
    return undefined
  }
}
