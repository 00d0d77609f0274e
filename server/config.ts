import { readFileSync } from 'node:fs'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { keyPattern } from '#control/static-keys.ts'
import { clusterSettings } from './cluster/settings.ts'
import { contradictions, noKey } from './contradictions.ts'
import { givenSettings } from './given-settings.ts'
import { iceSettings } from './ice-settings.ts'
import { recorderSettings } from './recorder/settings.ts'
import { readSetting } from './setting-text.ts'

const port = { minimum: 0, maximum: 65_535 }
const word = { pattern: '^[a-z0-9_-]{1,64}$' }
const address = { pattern: '^[0-9A-Za-z.:_-]{1,253}$', takes: 'a host name or an IP address' }
const key = { pattern: `^(?:${keyPattern})$`, secret: true }
const keyOrNone = { pattern: `^(?:none|${keyPattern})$`, secret: true }
const written =
  'of at least 8 characters of a-z, A-Z, 0-9, . _ ~ + / -, each with `@tenant` or ' +
  '`@tenant/stream` behind it where it is good for these only, then `:publish+view` where it ' +
  'is good for something else'
const secret = {
  pattern: '^(?:[A-Za-z0-9_-]{1,64}:)?[A-Za-z0-9._~+/=-]{32,1024}$',
  secret: true,
}
const path = { minLength: 1, takes: 'a path' }
const natsUrl =
  '^(?:nats|tls)://(?:[^\\s,/@]+@)?(?:[0-9A-Za-z._-]+|\\[[0-9A-Fa-f:.]+\\])(?::[0-9]{1,5})?$'

/**
 * Every setting: its type, its check and its line in docs/settings.md (`npm run settings`).
 * Named here without the prefix `TAILRACE_` that they carry outside.
 */
export const Config = Type.Object(
  {
    HTTP_PORT: Type.Integer({
      ...port,
      default: 8080,
      description: 'TCP port of pages, WHIP and WHEP. 0 takes any free one.',
    }),
    HTTP_HOST: Type.String({
      ...address,
      default: '::',
      description: 'Address to listen on for HTTP; `::` is all of them, IPv4 too.',
    }),
    MEDIA_PORT: Type.Integer({
      ...port,
      default: 8189,
      description: 'UDP and TCP port of all media, both ways. 0 takes any free one.',
    }),
    MEDIA_TCP: Type.Enum(['on', 'off'], {
      default: 'on',
      description:
        'Media over TCP, on the same port number, for networks that let no UDP through (ICE-TCP).',
    }),
    METRICS_PORT: Type.Integer({
      ...port,
      default: 9464,
      description: 'TCP port of `/metrics`, for Prometheus.',
    }),
    METRICS_HOST: Type.String({
      ...address,
      default: '127.0.0.1',
      description: 'Address to listen on for metrics.',
    }),
    NATIVE: Type.Enum(['auto', 'gso', 'sendmmsg', 'sendto', 'off'], {
      default: 'auto',
      description:
        'How media is sent: `auto` is the first that this machine has of `gso`, `sendmmsg`, ' +
        '`sendto` (all by the native addon) and TypeScript, which is `off`. One asked for by ' +
        'name that cannot be had ends the start.',
    }),
    MEDIA_THREADS: Type.Integer({
      minimum: 0,
      maximum: 64,
      default: 0,
      description: 'Threads of the addon that send. 0 is one less than the cores, at least one.',
    }),
    PUBLIC_ADDRESS: Type.Array(Type.String(address), {
      default: [],
      shownDefault: 'every address of this machine',
      description: 'What viewers and publishers reach, announced to them for media.',
    }),
    REGION: Type.String({
      ...word,
      default: 'local',
      description: 'Where this node stands: named in its log, and told to the rest of its cluster.',
    }),
    ...clusterSettings,
    ...recorderSettings,
    DATA_DIR: Type.String({ ...path, default: './data', description: 'Folder for what is kept.' }),
    STORE_URL: Type.Array(Type.String({ pattern: natsUrl, secret: true }), {
      default: [],
      takes: 'nats://[user:password@]host[:port], or tls:; several servers of one NATS cluster',
      shownDefault: 'a file in the data folder: for one node',
      description:
        'NATS with JetStream, where the nodes of a cluster keep revocations ([how](store.md)).',
    }),
    PUBLISH_KEY: Type.Array(Type.String(keyOrNone), {
      default: [],
      takes: `one or more keys ${written}; or \`none\``,
      shownDefault: 'made at the first start, kept in the data folder',
      description:
        'Keys that may publish. `none` lets anyone, and needs HTTP on loopback or `--open`.',
    }),
    PLAY_TOKEN: Type.Array(Type.String(keyOrNone), {
      default: [],
      takes: 'one or more tokens as keys are written above, or `none`',
      shownDefault: 'anyone may watch, unless there are keys for JWTs',
      description: 'Tokens that may watch. `none` lets anyone, also where JWTs may.',
    }),
    ADMIN_KEY: Type.Array(Type.String(key), {
      default: [],
      takes: 'one or more keys as above',
      shownDefault: 'none',
      description:
        'Keys for `/api/v1/revocations`, of one tenant or of all; one of all also for ' +
        '`/api/v1/drain`.',
    }),
    JWT_SECRET: Type.Array(Type.String(secret), {
      default: [],
      takes: 'one or more secrets of at least 32 characters, each with `kid:` before it or not',
      shownDefault: 'none',
      description: 'Secrets that JWTs are signed with by HS256.',
    }),
    JWT_KEYS: Type.Optional(
      Type.String({
        minLength: 1,
        takes: 'a JWK Set as JSON, or the path of a file with one',
        secret: true,
        description: 'Public keys that JWTs are signed with by EdDSA, ES256 or RS256.',
      }),
    ),
    JWT_JWKS_URL: Type.Optional(
      Type.String({
        pattern: '^https?://[^\\s]+$',
        takes: 'an https: URL; http: on this machine only',
        description: 'Where the issuer of JWTs keeps its public keys.',
      }),
    ),
    JWT_ISSUER: Type.Optional(
      Type.String({ minLength: 1, takes: 'text', description: 'What `iss` of a JWT must be.' }),
    ),
    JWT_AUDIENCE: Type.Optional(
      Type.String({ minLength: 1, takes: 'text', description: 'What `aud` of a JWT must name.' }),
    ),
    TLS_CERT: Type.Optional(
      Type.String({
        ...path,
        description: 'Certificate chain, PEM. With `TAILRACE_TLS_KEY`: HTTPS instead of HTTP.',
      }),
    ),
    TLS_KEY: Type.Optional(Type.String({ ...path, description: 'Private key of it, PEM.' })),
    MAX_VIEWERS: Type.Integer({
      minimum: 1,
      maximum: 100_000,
      default: 1000,
      description: 'Viewers at a time; others get 503 with Retry-After.',
    }),
    MAX_PUBLISHERS: Type.Integer({
      minimum: 1,
      maximum: 10_000,
      default: 50,
      description: 'Publishers at a time; others get 503 with Retry-After.',
    }),
    OVERFLOW_URL: Type.Optional(
      Type.String({
        pattern: '^https?://[^\\s?#]+$',
        takes: 'an http: or https: URL without query',
        description:
          'Another node, or what stands before several: a full or stopping node sends clients ' +
          'there by 307.',
      }),
    ),
    TRUST_PROXY: Type.Array(Type.String({ pattern: '^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$' }), {
      default: [],
      takes: 'addresses or networks such as 10.0.0.0/8',
      shownDefault: 'none',
      description: 'Proxies in front whose `X-Forwarded-For` names the client.',
    }),
    ...iceSettings,
    AUDIT_ADDRESS: Type.Enum(['none', 'network', 'full'], {
      default: 'network',
      description:
        "How much of a client's address goes on record in the audit log: `network` is 24 bits of " +
        'IPv4 and 48 of IPv6.',
    }),
    GRACE_MS: Type.Integer({
      minimum: 0,
      maximum: 3_600_000,
      default: 60_000,
      description: 'How long viewers stay, in ms, when their publisher is gone.',
    }),
    LOG_LEVEL: Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      default: 'info',
      description: 'Least serious log lines to write.',
    }),
    PRINT: Type.Enum(['text', 'json'], {
      default: 'text',
      description: 'What to say once all ports listen: `json` is one line for programs.',
    }),
  },
  { additionalProperties: false },
)
export type Config = Readonly<Static<typeof Config>>

/** Settings that cannot be used: its message names every fault, and what to do about each. */
export class ConfigError extends Error {
  readonly faults: readonly string[]

  constructor(faults: readonly string[], options: ErrorOptions = {}) {
    super(
      `the settings need a change:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
      options,
    )
    this.name = 'ConfigError'
    this.faults = faults
  }
}

/** Where settings come from. The environment wins over the file. */
export interface ConfigSources {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Text of a `tailrace.yml`. */
  readonly yaml?: string | undefined
  /** `--open`: anyone may publish. */
  readonly open?: boolean | undefined
}

/** @throws ConfigError with every fault at once */
export function loadConfig({ env, yaml = '', open = false }: ConfigSources): Config {
  const { given, faults } = givenSettings({ env, yaml, known: Object.keys(Config.properties) })
  const candidate: Record<string, unknown> = {}
  const unusable: string[] = []
  for (const [key, schema] of Object.entries(Config.properties)) {
    const { value, fault } = readSetting(key, schema, given[key])
    if (fault) {
      faults.push(fault)
      unusable.push(key)
    }
    if (value !== undefined) candidate[key] = value
  }
  if (open && candidate.PUBLISH_KEY === undefined) candidate.PUBLISH_KEY = [noKey]
  const config: unknown = Value.Default(Config, candidate)
  if (Value.Check(Config, config)) faults.push(...contradictions(config, { open, unusable }))
  if (faults.length > 0 || !Value.Check(Config, config)) throw new ConfigError(faults)
  return Object.freeze(config)
}

/** The settings of this process: its environment, and `tailrace.yml` in the working folder. */
export function configOfProcess(options: { readonly open: boolean }): Config {
  return loadConfig({ env: process.env, yaml: readIfThere('tailrace.yml'), ...options })
}

/** The environment of this process with additions, for a child. */
export function childEnvironment(added: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, ...added }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
