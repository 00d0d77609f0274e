import { randomBytes } from 'node:crypto'
import type { Static } from 'typebox'
import type { SrtpKeys, SrtpMasterKey } from '#native/srtp-keys.ts'
import type { Welcome } from './opening.ts'

/** As `welcome` carries them. */
export type LinkKeys = Static<typeof Welcome>['keys']

/** AEAD_AES_128_GCM (RFC 7714 §14.2). */
const profile = 7

/** Keys for one control connection and no other: under keys of an earlier one, nonces would meet. */
export function freshLinkKeys(): LinkKeys {
  return { parent: freshKey(), child: freshKey() }
}

/** The keys as the media plane takes them, for the node that stands on this side. */
export function srtpKeysOf(keys: LinkKeys, side: 'parent' | 'child'): SrtpKeys {
  const [ours, theirs] = side === 'parent' ? [keys.parent, keys.child] : [keys.child, keys.parent]
  return { profile, local: decoded(ours), remote: decoded(theirs) }
}

function freshKey(): LinkKeys['parent'] {
  return {
    key: randomBytes(16).toString('base64url'),
    salt: randomBytes(12).toString('base64url'),
  }
}

function decoded({ key, salt }: LinkKeys['parent']): SrtpMasterKey {
  return { key: Buffer.from(key, 'base64url'), salt: Buffer.from(salt, 'base64url') }
}
