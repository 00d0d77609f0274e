import { describe, expect, it } from 'vitest'
import { clusterPlan, type PlanOptions } from '#scripts/cluster/plan.ts'
import { portNumbers } from '#scripts/cluster/ports.ts'
import { clusterShape } from '#scripts/cluster/shape.ts'
import { renderSummary } from '#scripts/cluster/summary.ts'

const everything = ['redis-server', 'nats-server', 'versitygw', 'caddy', 'prometheus']
const secrets = { cluster: 'c'.repeat(64), publishKey: 'publish-key', s3Key: 's3-key' }

function planned(changed: Partial<PlanOptions> = {}) {
  return clusterPlan({
    basePort: 9000,
    address: '127.0.0.1',
    folder: '/tmp/cluster',
    root: '/repository',
    node: '/usr/bin/node',
    secrets,
    installed: new Map(everything.map((program) => [program, `/usr/bin/${program}`])),
    ...changed,
  })
}

const programOf = (name: string, plan = planned()) => {
  return plan.programs.find((program) => program.name === name)!
}

describe('the plan of a small cluster', () => {
  it('has 2 ingests, 2 relays and 3 edges, in 2 regions', () => {
    const count = (role: string) => clusterShape.filter(({ roles }) => roles.join() === role).length
    expect([count('ingest'), count('relay'), count('edge')]).toEqual([2, 2, 3])
    for (const role of ['ingest', 'relay', 'edge'] as const) {
      const regions = clusterShape.filter(({ roles }) => roles.includes(role))
      expect(new Set(regions.map(({ region }) => region))).toEqual(new Set(['eu', 'us']))
    }
  })

  it('tells a node who it is, where it is, and by what it knows the others', () => {
    expect(programOf('edge-3')).toEqual({
      name: 'edge-3',
      command: '/usr/bin/node',
      args: [
        '--disable-warning=ExperimentalWarning',
        '--max-semi-space-size=4',
        '/repository/server/main.ts',
      ],
      env: {
        TAILRACE_ROLES: 'edge',
        TAILRACE_REGION: 'us',
        TAILRACE_NODE_ID: 'edge-3',
        TAILRACE_NODE_URL: 'http://127.0.0.1:9070',
        TAILRACE_PUBLIC_URL: 'http://127.0.0.1:9070',
        TAILRACE_REDIS_URL: 'redis://127.0.0.1:9000',
        TAILRACE_STORE_URL: 'nats://127.0.0.1:9001',
        TAILRACE_CLUSTER_SECRET: secrets.cluster,
        TAILRACE_PUBLISH_KEY: 'publish-key',
        TAILRACE_REGION_HEADER: 'X-Viewer-Region',
        TAILRACE_TRUST_PROXY: '127.0.0.1',
        TAILRACE_HTTP_HOST: '127.0.0.1',
        TAILRACE_HTTP_PORT: '9070',
        TAILRACE_MEDIA_PORT: '9071',
        TAILRACE_METRICS_PORT: '9072',
        TAILRACE_PUBLIC_ADDRESS: '127.0.0.1',
        TAILRACE_DATA_DIR: '/tmp/cluster/edge-3',
        TAILRACE_PRINT: 'json',
      },
      folder: '/tmp/cluster/edge-3',
      ready: { line: '"ready":true' },
      stage: 3,
    })
  })

  it('gives no port and no folder twice', () => {
    const plan = planned()
    const ports = portNumbers(plan.ports)
    expect(new Set(ports).size).toBe(ports.length)
    expect(Math.min(...ports)).toBe(9000)
    expect(Math.max(...ports)).toBeLessThan(9080)
    const folders = plan.programs.map(({ folder }) => folder)
    expect(new Set(folders).size).toBe(folders.length)
  })

  it('starts what nodes need before them, and parents before children', () => {
    const stages = ['redis', 'nats', 'ingest-2', 'relay-1', 'edge-1', 'prometheus'].map(
      (name) => programOf(name).stage,
    )
    expect(stages).toEqual([0, 0, 1, 2, 3, 4])
  })

  it('announces an address that others reach, when told to', () => {
    const { env } = programOf('ingest-1', planned({ address: '2001:db8::7' }))
    expect(env).toMatchObject({
      TAILRACE_PUBLIC_ADDRESS: '2001:db8::7',
      TAILRACE_HTTP_HOST: '2001:db8::7',
      TAILRACE_TRUST_PROXY: '127.0.0.1,2001:db8::7',
      TAILRACE_PUBLIC_URL: 'http://[2001:db8::7]:9010',
      TAILRACE_REDIS_URL: 'redis://127.0.0.1:9000',
    })
  })

  it('leaves out settings, for a server that does not know them', () => {
    const plan = planned({ omit: ['TAILRACE_STORE_URL'] })
    expect(programOf('relay-1', plan).env).not.toHaveProperty('TAILRACE_STORE_URL')
    expect(programOf('relay-1', plan).env).toHaveProperty('TAILRACE_REGION_HEADER')
  })

  it('does without what only looks on, and says how to have it', () => {
    const { programs, absent } = planned({ installed: new Map() })
    expect(programs.map(({ name }) => name)).toEqual(clusterShape.map(({ name }) => name))
    expect(absent.map(({ name, isNeeded }) => [name, isNeeded])).toEqual([
      ['redis', true],
      ['nats', true],
      ['s3', false],
      ['caddy', false],
      ['prometheus', false],
    ])
  })

  it('lets Prometheus ask every node', () => {
    const config = JSON.parse(programOf('prometheus').files!['prometheus.yml']!)
    expect(config.scrape_configs[0].static_configs).toHaveLength(7)
    expect(config.scrape_configs[0].static_configs[2]).toEqual({
      targets: ['127.0.0.1:9032'],
      labels: { node: 'relay-1', role: 'relay', region: 'eu' },
    })
  })

  it('tells Caddy where the nodes are, by the names in its file', () => {
    expect(programOf('caddy').env).toMatchObject({
      DOMAIN: 'localhost:9003',
      INGEST_1: '127.0.0.1:9010',
      EDGE_3: '127.0.0.1:9070',
    })
  })
})

describe('what is said once the cluster runs', () => {
  it('is where to publish and to watch, what each node is, and what is missing', () => {
    const installed = new Map([
      ['redis-server', '/usr/bin/redis-server'],
      ['nats-server', '/usr/bin/nats-server'],
    ])
    const plan = planned({ installed })
    const text = renderSummary({ plan, publishKey: 'publish-key', pids: new Map([['edge-3', 42]]) })
    expect(text).toMatch(/^Publish +http:\/\/127\.0\.0\.1:9010\/whip\/live$/m)
    expect(text).toMatch(/^Key +publish-key$/m)
    expect(text).toMatch(/^Watch +http:\/\/127\.0\.0\.1:9050\/watch\/live$/m)
    expect(text).toMatch(/^edge-3 +us +42 +http:\/\/127\.0\.0\.1:9070 +9071 +\S+:9072\/metrics$/m)
    expect(text).toContain('No caddy here; to have it: apt-get install caddy')
    expect(text).not.toContain('Prometheus  ')
  })
})
