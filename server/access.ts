import type { Logger } from 'pino'
import type { Refusal } from '#control/authority.ts'
import { Permissions } from '#control/permissions.ts'
import type { Revocations } from '#control/revocations.ts'
import type { Clock } from '#core/clock.ts'
import type { Config } from './config.ts'
import { noKey } from './contradictions.ts'
import type { PublishKeys } from './publish-key.ts'
import { tokenVerifier } from './token-verifier.ts'

type ViewSettings = Pick<Config, 'PLAY_TOKEN' | 'JWT_SECRET' | 'JWT_KEYS' | 'JWT_JWKS_URL'>

interface AccessOptions {
  readonly config: Config
  readonly keys: PublishKeys
  readonly clock: Clock
  readonly log: Logger
  readonly revocations?: Revocations
  readonly refused?: (refusal: Refusal) => void
}

/** Whether watching takes no token: as long as nobody has said who may. */
export function anyoneMayWatch(config: ViewSettings): boolean {
  const { PLAY_TOKEN: tokens, JWT_SECRET: secrets, JWT_KEYS: keys, JWT_JWKS_URL: url } = config
  if (tokens.includes(noKey)) return true
  return tokens.length === 0 && secrets.length === 0 && keys === undefined && url === undefined
}

/**
 * Who may do what on this node, by its settings.
 *
 * @throws ConfigError with every key for JWTs that cannot be used
 */
export function createPermissions(options: AccessOptions): Permissions {
  const { config, keys, clock, log, ...rest } = options
  const verifier = tokenVerifier(config, { clock, log })
  return new Permissions({
    publishKeys: keys.kind === 'keys' ? keys.keys : [],
    playTokens: config.PLAY_TOKEN.filter((token) => token !== noKey),
    adminKeys: config.ADMIN_KEY,
    allowAnonymousPublish: keys.kind === 'open',
    allowAnonymousView: anyoneMayWatch(config),
    clock,
    ...(verifier && { verifier }),
    ...rest,
  })
}
