import { createHash, timingSafeEqual } from 'node:crypto'
import { ServiceError } from '#core/errors.ts'
import type { StreamName } from '#core/stream-name.ts'

/** What a token may be good for. */
export type Action = 'publish' | 'view' | 'moderate' | 'record' | 'admin'

/**
 * Whoever a token stands for. `id` is the same for the same token and tells nothing about it:
 * it may be logged, compared and kept, the token may not.
 */
export interface Principal {
  readonly id: string
  /** Its only tenant; absent: every tenant of this node. */
  readonly tenant?: string
  /** Who it was given to, as its issuer names them. */
  readonly subject?: string
  /** Ms since the Unix epoch after which it opens nothing; absent: never. */
  readonly expiresAt?: number
  /** Pixels of the largest picture that it may be sent. */
  readonly maxHeight?: number
}

/** Decides who may do what. */
export interface Authority {
  /**
   * @param name the stream; `undefined` asks whether the token is good for any stream at all
   * @param token as the client sent it, without "Bearer"
   * @returns rejects with ServiceError `token-missing`, `token-invalid` or `not-allowed`
   */
  authorize(
    action: Action,
    name: StreamName | undefined,
    token: string | undefined,
  ): Promise<Principal>
}

export interface PermissionsOptions {
  readonly publishKeys: readonly string[]
  /** Empty: everybody may view, with any token or none. */
  readonly playTokens: readonly string[]
  /** Publishing without a token; with any token too, as long as there are no publish keys. */
  readonly allowAnonymousPublish: boolean
}

/** Longer ones are not looked at: a token is a header, not a body (SEC-12). */
const longestToken = 8192

/** Whoever comes without a token where none is needed. */
const anonymous: Principal = { id: 'anonymous' }

/**
 * The principal of a token. 128 bits of its SHA-256: enough that nobody finds another token
 * with the same id, and one-way.
 */
export function principalOf(token: string | undefined): Principal {
  return token === undefined ? anonymous : { id: digest(token).toString('hex', 0, 16) }
}

/** Static keys of a single node. Only their hashes are kept (SEC-14). */
export class Permissions implements Authority {
  readonly #keys: Readonly<Record<Action, readonly Buffer[]>>
  readonly #open: Readonly<Record<Action, boolean>>
  readonly #anonymous: Readonly<Record<Action, boolean>>

  constructor({ publishKeys, playTokens, allowAnonymousPublish }: PermissionsOptions) {
    this.#keys = { ...nothing, publish: publishKeys.map(digest), view: playTokens.map(digest) }
    this.#anonymous = { ...nobody, publish: allowAnonymousPublish, view: playTokens.length === 0 }
    this.#open = {
      ...nobody,
      publish: allowAnonymousPublish && publishKeys.length === 0,
      view: playTokens.length === 0,
    }
  }

  async authorize(
    action: Action,
    _name: StreamName | undefined,
    token: string | undefined,
  ): Promise<Principal> {
    if (token === undefined) {
      if (this.#anonymous[action]) return anonymous
      throw new ServiceError('token-missing', `this needs ${wanted[action]}`)
    }
    if (token.length > longestToken) {
      throw new ServiceError('token-invalid', `a token has at most ${longestToken} characters`)
    }
    const hash = digest(token)
    if (this.#open[action] || isOneOf(this.#keys[action], hash)) return principalOf(token)
    if (Object.values(this.#keys).some((keys) => isOneOf(keys, hash))) {
      throw new ServiceError(
        'not-allowed',
        `this key is good for something else: send ${wanted[action]}`,
      )
    }
    throw new ServiceError('token-invalid', 'the token is not one of this server')
  }
}

const nobody = { publish: false, view: false, moderate: false, record: false, admin: false }
const nothing = { publish: [], view: [], moderate: [], record: [], admin: [] }

const wanted: Readonly<Record<Action, string>> = {
  publish: 'a publish key, as "Authorization: Bearer <key>" or "?token=<key>"',
  view: 'a play token, as "Authorization: Bearer <token>" or "?token=<token>"',
  moderate: 'a token that may moderate, as "Authorization: Bearer <token>"',
  record: 'a token that may record, as "Authorization: Bearer <token>"',
  admin: 'a token that may administer, as "Authorization: Bearer <token>"',
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

// Looks at every key, so that the time it takes does not tell which one is near.
function isOneOf(keys: readonly Buffer[], hash: Buffer): boolean {
  let found = false
  for (const key of keys) found = timingSafeEqual(key, hash) || found
  return found
}
