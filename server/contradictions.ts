import { isIP } from 'node:net'
import { isSafeSource } from './jwks-fetch.ts'
import { settingPrefix } from './setting-text.ts'

/** The key that stands for no key: anyone may publish. */
export const noKey = 'none'

/** The settings that can contradict one another. */
export interface Contradictable {
  readonly HTTP_HOST: string
  readonly PUBLISH_KEY: readonly string[]
  readonly PLAY_TOKEN: readonly string[]
  readonly JWT_JWKS_URL?: string
  readonly TLS_CERT?: string
  readonly TLS_KEY?: string
  readonly TURN_URLS: readonly string[]
  readonly TURN_SECRET?: string
  readonly ROLES: readonly string[]
  readonly REDIS_URL?: string
  readonly REGION_HEADER?: string
  readonly TRUST_PROXY: readonly string[]
  readonly CLUSTER_SECRET: readonly string[]
}

interface Given {
  /** `--open`: anyone may publish. */
  readonly open: boolean
  /** Settings without the prefix that are given, but not well formed, and absent in the config. */
  readonly unusable: readonly string[]
}

/** Faults between settings that are each well formed. */
export function contradictions(config: Contradictable, { open, unusable }: Given): string[] {
  // What was set in a wrong way is not missing: to be told so as well would mislead.
  return faultsBetween(config, open).filter((fault) => {
    return !unusable.some((key) => new RegExp(`\\b${settingPrefix}${key}\\b`).test(fault))
  })
}

function faultsBetween(config: Contradictable, open: boolean): string[] {
  const faults: string[] = []
  if ((config.TLS_CERT === undefined) !== (config.TLS_KEY === undefined)) {
    faults.push('TAILRACE_TLS_CERT and TAILRACE_TLS_KEY go together: set both, or neither')
  }
  if (config.TURN_URLS.length > 0 !== (config.TURN_SECRET !== undefined)) {
    faults.push('TAILRACE_TURN_URLS and TAILRACE_TURN_SECRET go together: set both, or neither')
  }
  const keyless = config.PUBLISH_KEY.includes(noKey)
  if (keyless && config.PUBLISH_KEY.length > 1) {
    faults.push(`TAILRACE_PUBLISH_KEY has "${noKey}" beside keys: keep the keys, or "${noKey}"`)
  }
  if (config.PLAY_TOKEN.includes(noKey) && config.PLAY_TOKEN.length > 1) {
    faults.push(`TAILRACE_PLAY_TOKEN has "${noKey}" beside tokens: keep the tokens, or "${noKey}"`)
  }
  if (config.JWT_JWKS_URL !== undefined && !mayGiveKeys(config.JWT_JWKS_URL)) {
    faults.push('TAILRACE_JWT_JWKS_URL takes an https: URL; http: on this machine only')
  }
  if (open && !keyless) {
    faults.push('--open lets anyone publish, but TAILRACE_PUBLISH_KEY is set: drop one of them')
  }
  if (keyless && !open && !isLoopback(config.HTTP_HOST)) {
    faults.push(
      `TAILRACE_PUBLISH_KEY is "${noKey}", and TAILRACE_HTTP_HOST is "${config.HTTP_HOST}", which ` +
        'others can reach: set a key, or TAILRACE_HTTP_HOST=127.0.0.1, or start with --open',
    )
  }
  if (config.REGION_HEADER !== undefined && config.TRUST_PROXY.length === 0) {
    faults.push(
      'TAILRACE_REGION_HEADER counts only where a proxy of TAILRACE_TRUST_PROXY sends it: set both',
    )
  }
  return [...faults, ...clusterContradictions(config)]
}

function clusterContradictions({ ROLES, REDIS_URL, CLUSTER_SECRET }: Contradictable): string[] {
  const faults: string[] = []
  if (REDIS_URL === undefined) {
    const missing = ['ingest', 'edge'].filter((role) => !ROLES.includes(role))
    if (missing.length > 0) {
      faults.push(
        `TAILRACE_ROLES leaves out ${missing.join(' and ')}, which no other node can do for this ` +
          'one: add it, or set TAILRACE_REDIS_URL to join a cluster',
      )
    }
    if (CLUSTER_SECRET.length > 0) {
      faults.push(
        'TAILRACE_CLUSTER_SECRET is for a node of a cluster, and this one is alone: set ' +
          'TAILRACE_REDIS_URL as well, or leave it out',
      )
    }
    return faults
  }
  if (!URL.canParse(REDIS_URL)) faults.push('TAILRACE_REDIS_URL is no URL: check host and port')
  if (CLUSTER_SECRET.length === 0) {
    faults.push(
      'TAILRACE_REDIS_URL makes this node one of a cluster: set TAILRACE_CLUSTER_SECRET as well, ' +
        'to what all its nodes share',
    )
  }
  return faults
}

function mayGiveKeys(address: string): boolean {
  return URL.canParse(address) && isSafeSource(new URL(address))
}

/** Whether only this machine can connect to `host`. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
