import { createHash, timingSafeEqual } from 'node:crypto'
import { type Action, everyAction, type Grant } from './grant.ts'

/**
 * A key as settings write it: `key`, `key@tenant`, `key@tenant/stream`, `key@tenant/cam*`, each
 * with `:publish+view` behind it where it is good for something else than its setting says.
 */
export const keyPattern =
  '[A-Za-z0-9._~+/-]{8,256}=*' +
  String.raw`(?:@[a-z0-9_-]{1,64}(?:/(?:[a-z0-9_-]{1,64}|[a-z0-9_-]{0,63}\*))?)?` +
  `(?::(?:${everyAction.join('|')})(?:\\+(?:${everyAction.join('|')})){0,4})?`

/** A key of the settings, apart. */
export interface WrittenKey {
  /** What its holder sends. */
  readonly key: string
  readonly grant: Grant
}

/** @param action what the setting is for: what the key is good for unless it says otherwise */
export function readKey(written: string, action: Action): WrittenKey {
  const [bound = '', actions] = written.split(':')
  const [key = '', scope] = bound.split('@')
  const [tenant, stream] = scope?.split('/') ?? []
  return {
    key,
    grant: {
      actions: actions === undefined ? [action] : (actions.split('+') as Action[]),
      ...(tenant !== undefined && { tenant }),
      ...(stream !== undefined && { streams: [stream] }),
    },
  }
}

/** Static keys of a single node. Only their hashes are kept (SEC-14). */
export class StaticKeys {
  readonly #keys: readonly { readonly hash: Buffer; readonly grant: Grant }[]

  /** The same key may be written more than once, for several tenants or streams. */
  constructor(keys: readonly WrittenKey[]) {
    this.#keys = keys.map(({ key, grant }) => ({ hash: digest(key), grant }))
  }

  /** What a token may do as one of the keys; empty if it is none of them. */
  grantsOf(token: string): Grant[] {
    const hash = digest(token)
    const found: Grant[] = []
    // Looks at every key, so that the time it takes does not tell which one is near.
    for (const key of this.#keys) if (timingSafeEqual(key.hash, hash)) found.push(key.grant)
    return found
  }
}

/** SHA-256 of a token. */
export function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
