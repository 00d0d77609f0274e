import type { Clock } from '#core/clock.ts'
import { ServiceError } from '#core/errors.ts'
import type { StreamName } from '#core/stream-name.ts'
import type { Authority, Refusal } from './authority.ts'
import { type Action, type Grant, requireGrant } from './grant.ts'
import { anonymous, idOf, type Principal, principalOf } from './principal.ts'
import type { Revocations } from './revocations.ts'
import { readKey, StaticKeys } from './static-keys.ts'
import { grantOf, regionOf } from './tokens/claims.ts'
import { SpentTokens } from './tokens/spent-tokens.ts'
import { looksLikeJwt, type TokenVerifier, type VerifiedToken } from './tokens/token-verifier.ts'

export interface PermissionsOptions {
  /** Keys as `readKey` takes them. */
  readonly publishKeys: readonly string[]
  readonly playTokens: readonly string[]
  readonly adminKeys?: readonly string[]
  /** Publishing without a token; with any token too, as long as nothing else is configured. */
  readonly allowAnonymousPublish: boolean
  /** Viewing likewise. Absent: where there are no play tokens and no `verifier`. */
  readonly allowAnonymousView?: boolean
  /** For JWTs; absent: there are none. */
  readonly verifier?: TokenVerifier
  readonly revocations?: Revocations
  /** Of the verifier; absent: tokens that are good once are good always. */
  readonly clock?: Clock
  readonly refused?: (refusal: Refusal) => void
}

/** Longer ones are not looked at: a token is a header, not a body (SEC-12). */
const longestToken = 8192
/** A token counts so long after its expiry, in ms (SEC-3). */
const leeway = 60_000

/** One way in which a token may be good. */
interface Standing {
  readonly principal: Principal
  readonly grant: Grant
}

/** Static keys of a single node, JWTs of an issuer, and what nobody needs a token for. */
export class Permissions implements Authority {
  readonly #options: PermissionsOptions
  readonly #keys: StaticKeys
  readonly #anonymous: readonly Action[]
  /** What any token at all is good for. */
  readonly #open: readonly Action[]
  readonly #spent = new SpentTokens()

  constructor(options: PermissionsOptions) {
    const { publishKeys, playTokens, adminKeys = [], verifier } = options
    const { allowAnonymousPublish: publish } = options
    const { allowAnonymousView: view = playTokens.length === 0 && !verifier } = options
    this.#options = options
    this.#keys = new StaticKeys([
      ...publishKeys.map((key) => readKey(key, 'publish')),
      ...playTokens.map((key) => readKey(key, 'view')),
      ...adminKeys.map((key) => readKey(key, 'admin')),
    ])
    this.#anonymous = [...(publish ? ['publish' as const] : []), ...(view ? ['view' as const] : [])]
    const checked = { publish: publishKeys.length > 0 || verifier, view: verifier }
    this.#open = this.#anonymous.filter((action) => !checked[action as keyof typeof checked])
  }

  async authorize(
    action: Action,
    name: StreamName | undefined,
    token: string | undefined,
  ): Promise<Principal> {
    let principal: Principal | undefined
    try {
      if (token === undefined) return this.#nobody(action)
      const standings = await this.#standings(token)
      principal = standings[0]?.principal
      if (this.#open.includes(action)) return principal ?? principalOf(token)
      return allowed(standings, action, name)
    } catch (error) {
      if (error instanceof ServiceError) {
        const sent = token === undefined ? undefined : idOf(token)
        this.#options.refused?.({ code: error.code, action, name, token: sent, principal })
      }
      throw error
    }
  }

  async holder(token: string): Promise<Principal | undefined> {
    try {
      const [standing] = await this.#standings(token)
      return standing?.principal ?? (this.#open.length > 0 ? principalOf(token) : undefined)
    } catch (error) {
      if (error instanceof ServiceError) return undefined
      throw error
    }
  }

  redeem({ once, tokenId, tenant, id, expiresAt = Infinity }: Principal): () => void {
    const { clock } = this.#options
    if (!once || !clock) return () => {}
    const key = JSON.stringify([tenant, tokenId ?? id])
    return this.#spent.spend(key, expiresAt + leeway, clock.wall())
  }

  #nobody(action: Action): Principal {
    if (this.#anonymous.includes(action)) return anonymous
    throw new ServiceError('token-missing', `this needs ${wanted[action]}`)
  }

  /** Empty for a token that is nobody's here. */
  async #standings(token: string): Promise<Standing[]> {
    if (token.length > longestToken) {
      throw new ServiceError('token-invalid', `a token has at most ${longestToken} characters`)
    }
    const { verifier } = this.#options
    const standings = this.#keys.grantsOf(token).map((grant) => keyStanding(token, grant))
    if (standings.length === 0 && verifier && looksLikeJwt(token)) {
      standings.push(tokenStanding(token, await verifier.verify(token)))
    }
    if (standings.some(({ principal }) => this.#options.revocations?.revokes(principal))) {
      throw new ServiceError('token-invalid', 'the token does not count: it was revoked')
    }
    return standings
  }
}

/** @throws ServiceError the one of the standing that comes nearest */
function allowed(
  standings: readonly Standing[],
  action: Action,
  name: StreamName | undefined,
): Principal {
  let refusal = new ServiceError('token-invalid', 'the token is not one of this server')
  for (const { principal, grant } of standings) {
    try {
      requireGrant(grant, action, name)
      return principal
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      if (refusal.code !== 'not-allowed') refusal = error
    }
  }
  throw refusal
}

function keyStanding(token: string, grant: Grant): Standing {
  const { tenant, streams } = grant
  const principal = {
    id: idOf(token),
    ...(tenant !== undefined && { tenant }),
    ...(streams && { streams }),
  }
  return { principal, grant }
}

function tokenStanding(token: string, { claims, kid }: VerifiedToken): Standing {
  const { iss = '', sub, jti, iat, exp, max_height: maxHeight, once } = claims
  const grant = grantOf(claims)
  const region = regionOf(claims)
  const principal: Principal = {
    id: sub === undefined ? idOf(token) : idOf(JSON.stringify([iss, grant.tenant, sub])),
    tenant: grant.tenant,
    streams: grant.streams,
    expiresAt: exp * 1000,
    ...(sub !== undefined && { subject: sub, token: idOf(token) }),
    ...(jti !== undefined && { tokenId: jti }),
    ...(kid !== undefined && { keyId: kid }),
    ...(iat !== undefined && { issuedAt: iat * 1000 }),
    ...(maxHeight !== undefined && { maxHeight }),
    ...(region !== undefined && { region }),
    // A view token that is good once would end with the first reload of a page (SEC-8).
    ...(once && grant.actions.includes('publish') && { once }),
  }
  return { principal, grant }
}

const wanted: Readonly<Record<Action, string>> = {
  publish: 'a publish key, as "Authorization: Bearer <key>" or "?token=<key>"',
  view: 'a play token, as "Authorization: Bearer <token>" or "?token=<token>"',
  moderate: 'a token that may moderate, as "Authorization: Bearer <token>"',
  record: 'a token that may record, as "Authorization: Bearer <token>"',
  admin: 'a token that may administer, as "Authorization: Bearer <token>"',
}
