import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { type Action, everyAction, type Grant } from '#control/grant.ts'
import { defaultTenant, namePattern } from '#core/stream-name.ts'

const words = { maxLength: 256 }
const pattern = Type.String({ pattern: '^[a-z0-9_/-]{0,128}\\*?$' })
const seconds = Type.Number({ minimum: 0, maximum: 1e11 })

/** The claims that we read (RFC 7519 §4.1, SEC-3, SEC-4); others may be there. */
export const Claims = Type.Object({
  exp: seconds,
  nbf: Type.Optional(seconds),
  iat: Type.Optional(seconds),
  iss: Type.Optional(Type.String(words)),
  sub: Type.Optional(Type.String({ minLength: 1, ...words })),
  jti: Type.Optional(Type.String({ minLength: 1, ...words })),
  tenant: Type.Optional(Type.String({ pattern: namePattern })),
  stream: Type.Optional(Type.Union([pattern, Type.Array(pattern, { maxItems: 64 })])),
  actions: Type.Optional(Type.Array(Type.String(words), { maxItems: 16 })),
  scope: Type.Optional(Type.String({ maxLength: 1024 })),
  max_height: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
  once: Type.Optional(Type.Boolean()),
  /** Others may mean something else by this name: of another form it is not ours. */
  region: Type.Optional(Type.Unknown()),
})
export type Claims = Static<typeof Claims>

/** @returns `undefined` if a claim that we read is of the wrong form */
export function readClaims(payload: unknown): Claims | undefined {
  return Value.Check(Claims, payload) ? payload : undefined
}

/**
 * What the claims allow. Without `tenant` it is the default tenant, and without `stream` no
 * stream: a token of the same issuer that was made for something else opens nothing.
 */
export function grantOf({ tenant, stream, actions, scope }: Claims): Required<Grant> {
  return {
    tenant: tenant ?? defaultTenant,
    streams: typeof stream === 'string' ? [stream] : (stream ?? []),
    actions: [...(actions ?? []), ...(scope?.split(' ') ?? [])].flatMap(actionOf),
  }
}

/** Where the token is used, if it says so in a form of ours. */
export function regionOf({ region }: Claims): string | undefined {
  return typeof region === 'string' && /^[a-z0-9_-]{1,64}$/.test(region) ? region : undefined
}

function actionOf(word: string): Action[] {
  if (word === 'play') return ['view']
  return everyAction.filter((action) => action === word)
}
