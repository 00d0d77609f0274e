import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ConfigError, type ConfigSources, loadConfig } from '#server/config.ts'
import { settingsPage } from '#server/settings-page.ts'

function faultsOf(sources: ConfigSources): readonly string[] {
  try {
    loadConfig(sources)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

describe('settings', () => {
  it('all have defaults, or may be absent', () => {
    expect(loadConfig({ env: {} })).toEqual({
      STORE_URL: [],
      TRUST_PROXY: [],
      HTTP_PORT: 8080,
      HTTP_HOST: '::',
      MEDIA_PORT: 8189,
      MEDIA_TCP: 'on',
      METRICS_PORT: 9464,
      METRICS_HOST: '127.0.0.1',
      NATIVE: 'auto',
      MEDIA_THREADS: 0,
      PUBLIC_ADDRESS: [],
      REGION: 'local',
      ROLES: ['ingest', 'relay', 'edge'],
      CLUSTER_SECRET: [],
      DRAIN_MS: 10_000,
      DRAIN_PUBLISHERS_MS: 0,
      HLS: 'off',
      HLS_WINDOW_SECONDS: 1800,
      MAX_CHILDREN: 64,
      DATA_DIR: './data',
      PUBLISH_KEY: [],
      PLAY_TOKEN: [],
      ADMIN_KEY: [],
      JWT_SECRET: [],
      MAX_VIEWERS: 1000,
      MAX_PUBLISHERS: 50,
      ICE_SERVERS: [],
      TURN_URLS: [],
      TURN_TTL: 43_200,
      AUDIT_ADDRESS: 'network',
      GRACE_MS: 60_000,
      LOG_LEVEL: 'info',
      PRINT: 'text',
    })
  })

  it.each`
    name                | text                                                         | value
    ${'HTTP_PORT'}      | ${'0'}                                                       | ${0}
    ${'PUBLIC_ADDRESS'} | ${'203.0.113.7, 2001:db8::7,'}                               | ${['203.0.113.7', '2001:db8::7']}
    ${'PUBLISH_KEY'}    | ${'key-of-anna@acme/cam*,key-of-ben:publish+view'}           | ${['key-of-anna@acme/cam*', 'key-of-ben:publish+view']}
    ${'JWT_SECRET'}     | ${'k1:0123456789abcdef0123456789abcdef'}                     | ${['k1:0123456789abcdef0123456789abcdef']}
    ${'PUBLISH_KEY'}    | ${'key-of-anna,key-of-ben='}                                 | ${['key-of-anna', 'key-of-ben=']}
    ${'ICE_SERVERS'}    | ${'stun:a:3478, turn:b?transport=tcp|me|pass'}               | ${[{ urls: 'stun:a:3478' }, { urls: 'turn:b?transport=tcp', username: 'me', credential: 'pass' }]}
    ${'ICE_SERVERS'}    | ${'[{"urls":"turns:b","username":"me","credential":"p,q"}]'} | ${[{ urls: 'turns:b', username: 'me', credential: 'p,q' }]}
    ${'NATIVE'}         | ${'sendmmsg'}                                                | ${'sendmmsg'}
    ${'MEDIA_THREADS'}  | ${'64'}                                                      | ${64}
    ${'REGION'}         | ${''}                                                        | ${'local'}
  `('TAILRACE_$name=$text is $value', ({ name, text, value }) => {
    expect(loadConfig({ env: { [`TAILRACE_${name}`]: text } })).toMatchObject({ [name]: value })
  })

  it.each`
    name                | text
    ${'HTTP_PORT'}      | ${'80a'}
    ${'HTTP_PORT'}      | ${'65536'}
    ${'HTTP_PORT'}      | ${'-1'}
    ${'MEDIA_PORT'}     | ${'1.5'}
    ${'MEDIA_PORT'}     | ${'0x10'}
    ${'PUBLIC_ADDRESS'} | ${'http://a/'}
    ${'REGION'}         | ${'New York'}
    ${'PUBLISH_KEY'}    | ${'short'}
    ${'PLAY_TOKEN'}     | ${'has a space'}
    ${'PUBLISH_KEY'}    | ${'key-of-anna@acme/*x'}
    ${'ADMIN_KEY'}      | ${'none'}
    ${'JWT_SECRET'}     | ${'0123456789abcdef0123456789abcde'}
    ${'JWT_JWKS_URL'}   | ${'ftp://issuer/keys'}
    ${'ICE_SERVERS'}    | ${'http://a'}
    ${'ICE_SERVERS'}    | ${'turn:a|user'}
    ${'ICE_SERVERS'}    | ${'[{"url":"stun:a"}]'}
    ${'ICE_SERVERS'}    | ${'[{'}
    ${'TURN_URLS'}      | ${'stun:a'}
    ${'TURN_SECRET'}    | ${'too short'}
    ${'TURN_TTL'}       | ${'43201'}
    ${'ROLES'}          | ${'edge,viewer'}
    ${'ROLES'}          | ${'edge,edge'}
    ${'NODE_ID'}        | ${'a/b'}
    ${'NODE_URL'}       | ${'http://a:8080/path'}
    ${'PUBLIC_URL'}     | ${'https://user@a'}
    ${'REDIS_URL'}      | ${'http://a:6379'}
    ${'CLUSTER_SECRET'} | ${'0123456789abcdef0123456789abcde'}
    ${'LOG_LEVEL'}      | ${'loud'}
    ${'NATIVE'}         | ${'on'}
    ${'MEDIA_THREADS'}  | ${'65'}
  `('TAILRACE_$name=$text is refused, with what it takes', ({ name, text }) => {
    const faults = faultsOf({ env: { [`TAILRACE_${name}`]: text } })
    expect(faults).toEqual([expect.stringMatching(`^TAILRACE_${name} is .*: it takes .{8}`)])
  })

  it('name every fault at once, with what to do', () => {
    const env = { TAILRACE_HTTP_PORT: 'http', TAILRACE_TLS_CERT: 'a.pem', TAILRACE_PRINT: 'loud' }
    expect(faultsOf({ env })).toEqual([
      'TAILRACE_HTTP_PORT is "http": it takes a whole number, 0 to 65535',
      'TAILRACE_PRINT is "loud": it takes text, json',
      'TAILRACE_TLS_CERT and TAILRACE_TLS_KEY go together: set both, or neither',
    ])
  })

  it('are not called missing where they are set in a wrong way', () => {
    const env = {
      TAILRACE_REDIS_URL: 'redis://a:6379',
      TAILRACE_CLUSTER_SECRET: 'short',
      TAILRACE_TLS_CERT: 'a.pem',
    }
    expect(faultsOf({ env })).toEqual([
      expect.stringMatching('^TAILRACE_CLUSTER_SECRET is not usable: it takes'),
      'TAILRACE_TLS_CERT and TAILRACE_TLS_KEY go together: set both, or neither',
    ])
  })

  it('of TURN go together', () => {
    const fault = 'TAILRACE_TURN_URLS and TAILRACE_TURN_SECRET go together: set both, or neither'
    const urls = { TAILRACE_TURN_URLS: 'turn:a?transport=udp,turns:b' }
    const secret = { TAILRACE_TURN_SECRET: '0123456789abcdef' }
    expect([urls, secret, {}].map((env) => faultsOf({ env }))).toEqual([[fault], [fault], []])
    expect(loadConfig({ env: { ...urls, ...secret } })).toMatchObject({
      TURN_URLS: ['turn:a?transport=udp', 'turns:b'],
      TURN_SECRET: '0123456789abcdef',
      TURN_TTL: 43_200,
    })
  })

  it('name a header for regions that somebody can be trusted to send', () => {
    const header = { TAILRACE_REGION_HEADER: 'X-Region' }
    expect(faultsOf({ env: header })).toEqual([expect.stringMatching('TAILRACE_TRUST_PROXY')])
    expect(faultsOf({ env: { ...header, TAILRACE_TRUST_PROXY: '10.0.0.0/8' } })).toEqual([])
  })

  it('of a cluster are none without its registry', () => {
    const env = { TAILRACE_CLUSTER_SECRET: 'a-secret-of-a-cluster-of-32-bytes' }
    expect(faultsOf({ env })).toEqual([
      expect.stringMatching('CLUSTER_SECRET is for a node of a cluster.* set .*REDIS_URL'),
    ])
  })

  it('of a cluster need the secret of its nodes', () => {
    const redis = { TAILRACE_REDIS_URL: 'redis://:password@redis:6379/1' }
    const secret = { TAILRACE_CLUSTER_SECRET: '0123456789abcdef0123456789abcdef' }
    expect(faultsOf({ env: redis })).toEqual([
      expect.stringMatching('REDIS_URL makes this node one of a cluster: set .*CLUSTER_SECRET'),
    ])
    const roles = { TAILRACE_ROLES: 'edge' }
    expect(faultsOf({ env: { ...redis, ...secret, ...roles } })).toEqual([])
    const bad = { TAILRACE_REDIS_URL: 'redis://password@:x' }
    const faults = faultsOf({ env: { ...secret, ...bad } })
    expect(faults).toEqual([expect.stringMatching('REDIS_URL is no URL')])
    expect(faults.join()).not.toContain('password')
    expect(faultsOf({ env: roles })).toEqual([
      expect.stringMatching('ROLES leaves out ingest, which no other node can do .*REDIS_URL'),
    ])
  })

  it('never print a secret', () => {
    const env = { TAILRACE_PUBLISH_KEY: 'my secret', TAILRACE_ICE_SERVERS: 'turn:a|me|my secret|x' }
    const faults = faultsOf({ env })
    expect(faults).toHaveLength(2)
    expect(faults.join()).not.toContain('my secret')
  })

  it('name the nearest one for a name that is none', () => {
    const env = { TAILRACE_HTP_PORT: '1', PATH: '/bin' }
    const yaml = 'TAILRACE_PUBLISHKEY: aaaaaaaa\nregion: west'
    expect(faultsOf({ env, yaml })).toEqual([
      'TAILRACE_PUBLISHKEY is no setting: did you mean TAILRACE_PUBLISH_KEY?',
      'region is no setting: did you mean TAILRACE_REGION?',
      'TAILRACE_HTP_PORT is no setting: did you mean TAILRACE_HTTP_PORT?',
    ])
  })
})

describe('tailrace.yml', () => {
  const yaml = `
    TAILRACE_HTTP_PORT: 9000
    TAILRACE_REGION: west
    TAILRACE_PUBLISH_KEY: [00112233, other-key]
    TAILRACE_ICE_SERVERS:
      - urls: turn:a
        username: me
        credential: pass
      - stun:b
  `
  it('sets what the environment does not', () => {
    expect(loadConfig({ env: { TAILRACE_REGION: 'east' }, yaml })).toMatchObject({
      HTTP_PORT: 9000,
      REGION: 'east',
      PUBLISH_KEY: ['00112233', 'other-key'],
      ICE_SERVERS: [{ urls: 'turn:a', username: 'me', credential: 'pass' }, { urls: 'stun:b' }],
    })
  })

  it.each(['', '# nothing yet\n'])('may be empty: %j', (empty) => {
    expect(faultsOf({ env: {}, yaml: empty })).toEqual([])
  })

  it.each(['TAILRACE_REGION: [', '- TAILRACE_REGION', 'just words'])('is refused: %j', (bad) => {
    expect(faultsOf({ env: {}, yaml: bad })).toEqual([expect.stringMatching(/^tailrace\.yml /)])
  })
})

describe('publishing without a key', () => {
  const env = { TAILRACE_PUBLISH_KEY: 'none' }

  it.each(['127.0.0.1', '127.9.0.1', '::1', 'localhost'])('is allowed on %s', (host) => {
    expect(loadConfig({ env: { ...env, TAILRACE_HTTP_HOST: host } }).PUBLISH_KEY).toEqual(['none'])
  })

  it.each(['::', '0.0.0.0', '192.0.2.1', '127.example.org', '::ffff:192.0.2.1'])(
    'is refused on %s, which others reach',
    (host) => {
      expect(faultsOf({ env: { ...env, TAILRACE_HTTP_HOST: host } })).toEqual([
        expect.stringContaining('set a key, or TAILRACE_HTTP_HOST=127.0.0.1, or start with --open'),
      ])
    },
  )

  it('is allowed anywhere with --open, which needs no more', () => {
    expect(loadConfig({ env, open: true }).PUBLISH_KEY).toEqual(['none'])
    expect(loadConfig({ env: {}, open: true }).PUBLISH_KEY).toEqual(['none'])
  })

  it('does not go with keys', () => {
    const keys = { TAILRACE_PUBLISH_KEY: 'some-long-key' }
    expect(faultsOf({ env: keys, open: true })).toHaveLength(1)
    const both = { TAILRACE_PUBLISH_KEY: 'none,some-long-key', TAILRACE_HTTP_HOST: '::1' }
    expect(faultsOf({ env: both })).toHaveLength(1)
  })
})

describe('settings of tokens', () => {
  it('a JWK Set comes over https, or from this machine', () => {
    const of = (url: string) => faultsOf({ env: { TAILRACE_JWT_JWKS_URL: url } })
    expect(of('https://issuer.example/keys')).toEqual([])
    expect(of('http://127.0.0.1:9000/keys')).toEqual([])
    expect(of('http://issuer.example/keys')).toEqual([expect.stringMatching(/takes an https: URL/)])
    expect(of('https://')).toHaveLength(1)
  })

  it('no play token does not go with some', () => {
    expect(faultsOf({ env: { TAILRACE_PLAY_TOKEN: 'none,some-long-token' } })).toHaveLength(1)
    expect(faultsOf({ env: { TAILRACE_PLAY_TOKEN: 'none' } })).toEqual([])
  })
})

it('docs/settings.md is what `npm run settings` writes', () => {
  expect(readFileSync('docs/settings.md', 'utf8')).toBe(settingsPage())
})
