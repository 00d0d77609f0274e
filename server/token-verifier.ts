import { readFileSync } from 'node:fs'
import type { Logger } from 'pino'
import { KeyRing } from '#control/tokens/key-ring.ts'
import { TokenVerifier } from '#control/tokens/token-verifier.ts'
import {
  isUsable,
  keyOfSecret,
  keysOfJwks,
  type VerificationKey,
} from '#control/tokens/verification-key.ts'
import type { Clock } from '#core/clock.ts'
import { messageOf } from '#core/errors.ts'
import { type Config, ConfigError } from './config.ts'
import { fetchJwks } from './jwks-fetch.ts'

export type TokenSettings = Pick<
  Config,
  'JWT_SECRET' | 'JWT_KEYS' | 'JWT_JWKS_URL' | 'JWT_ISSUER' | 'JWT_AUDIENCE'
>

/**
 * What tells true JWTs from others; `undefined` where the settings name no key.
 *
 * @throws ConfigError with every key that cannot be used
 */
export function tokenVerifier(
  settings: TokenSettings,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): TokenVerifier | undefined {
  const { JWT_JWKS_URL: url, JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = settings
  const fixed = fixedKeys(settings)
  if (fixed.length === 0 && url === undefined) return undefined
  const keys = new KeyRing({
    fixed,
    clock,
    ...(url !== undefined && { fetchJwks: () => fetchJwks(url) }),
    failed: (error) => log.warn({ why: messageOf(error) }, 'the JWK Set cannot be had'),
  })
  void keys.refresh()
  return new TokenVerifier({
    keys,
    clock,
    ...(issuer !== undefined && { issuer }),
    ...(audience !== undefined && { audience }),
  })
}

function fixedKeys({ JWT_SECRET: secrets, JWT_KEYS: written }: TokenSettings): VerificationKey[] {
  const read = [
    ...secrets.map((secret, index) => ({
      key: keyOfSecret(secret),
      where: `TAILRACE_JWT_SECRET: secret ${index + 1}`,
    })),
    ...jwksOf(written).map((key, index) => ({ key, where: `TAILRACE_JWT_KEYS: key ${index + 1}` })),
  ]
  const faults = read.flatMap(({ key, where }) => (isUsable(key) ? [] : [`${where} ${key.fault}`]))
  if (faults.length > 0) throw new ConfigError(faults)
  return read.map(({ key }) => key).filter(isUsable)
}

function jwksOf(written: string | undefined) {
  if (written === undefined) return []
  const advice = 'give a JWK Set, or the path of a file with one'
  try {
    const text = written.trimStart().startsWith('{') ? written : readFileSync(written, 'utf8')
    const keys = keysOfJwks(JSON.parse(text))
    if (keys) return keys
  } catch (cause) {
    // The text of a JSON error quotes what it read.
    const why = cause instanceof SyntaxError ? 'it is no JSON' : messageOf(cause)
    throw new ConfigError([`TAILRACE_JWT_KEYS cannot be read (${why}): ${advice}`], { cause })
  }
  throw new ConfigError([`TAILRACE_JWT_KEYS holds no JWK Set: ${advice}`])
}
