import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { clusterPlan } from '#scripts/cluster/plan.ts'
import { clusterShape, regionHeader } from '#scripts/cluster/shape.ts'

interface Service {
  readonly image: string
  readonly environment: Readonly<Record<string, string | number>>
  readonly ports?: readonly string[]
  readonly networks: readonly string[] | Readonly<Record<string, { ipv4_address?: string }>>
}

const text = readFileSync('docker-compose.yml', 'utf8')
const { services } = parse(text, { merge: true }) as { services: Record<string, Service> }
const isNode = ([, { image }]: [string, Service]) => image === 'tailrace'
const nodes = new Map(Object.entries(services).filter(isNode))
const setting = (name: string, key: string) => nodes.get(name)!.environment[`TAILRACE_${key}`]

const plan = clusterPlan({
  basePort: 9000,
  address: '127.0.0.1',
  folder: '/tmp/cluster',
  root: '/repository',
  node: '/usr/bin/node',
  secrets: { cluster: 'c'.repeat(64), publishKey: 'publish-key', s3Key: 's3-key' },
  installed: new Map(),
})

/** What the file asks for of its environment. */
const secrets = ['CLUSTER_SECRET', 'PUBLISH_KEY', 'S3_SECRET_KEY', 'GRAFANA_PASSWORD']

describe('docker-compose.yml', () => {
  it('has the nodes of npm run cluster, with the same roles and regions', () => {
    const shape = [...nodes].map(([name, { environment }]) => ({
      name,
      roles: String(environment.TAILRACE_ROLES).split(','),
      region: environment.TAILRACE_REGION,
    }))
    expect(shape).toEqual(clusterShape)
  })

  it('gives them the settings that npm run cluster gives', () => {
    // Inside a container these are as they are by default, and nobody reads what is printed.
    const ours = new Set(['HTTP_HOST', 'HTTP_PORT', 'METRICS_PORT', 'PRINT'])
    const names = Object.keys(plan.programs[0]!.env).map((name) => name.replace('TAILRACE_', ''))
    for (const name of ['ingest-1', 'edge-3']) {
      const missing = names.filter((key) => setting(name, key) === undefined)
      expect(missing.filter((key) => !ours.has(key))).toEqual([])
    }
    expect(setting('edge-1', 'REGION_HEADER')).toBe(regionHeader)
  })

  it('names each node as the others and clients reach it', () => {
    for (const name of nodes.keys()) {
      expect(setting(name, 'NODE_ID')).toBe(name)
      expect(setting(name, 'NODE_URL')).toBe(`http://${name}:8080`)
    }
    expect(setting('edge-2', 'PUBLIC_URL')).toBe(`https://edge-2.\${DOMAIN:-localhost}`)
  })

  it('publishes a media port of its own for each node with clients, and no other port', () => {
    const published = [...nodes].map(([name, { ports = [] }]) => [name, ports])
    const expected = clusterShape.map(({ name, roles }) => {
      const port = setting(name, 'MEDIA_PORT')
      return [name, roles.includes('relay') ? [] : [`${port}:${port}/udp`, `${port}:${port}/tcp`]]
    })
    expect(published).toEqual(expected)
    const all = published.flatMap(([, ports]) => ports)
    expect(new Set(all).size).toBe(10)
  })

  it('lets nobody outside at Redis, NATS or the S3 server, and people at Grafana from here', () => {
    const ports = (name: string) => services[name]!.ports ?? []
    expect([...ports('redis'), ...ports('nats'), ...ports('s3')]).toEqual([])
    expect(ports('prometheus')).toEqual(['127.0.0.1:9090:9090/tcp'])
    expect(ports('grafana')).toEqual(['127.0.0.1:3000:3000/tcp'])
  })

  it('lets nodes trust the proxy in front, and nothing else', () => {
    const { networks } = services.caddy!
    const address = (networks as Record<string, { ipv4_address?: string }>).inside!.ipv4_address
    for (const name of nodes.keys()) expect(setting(name, 'TRUST_PROXY')).toBe(address)
  })

  it('holds no secret: each must be given', () => {
    for (const name of secrets) expect(text).toContain(`\${${name}:?`)
    const given = Object.values(services).flatMap(({ environment = {} }) =>
      Object.entries(environment),
    )
    const values = given.filter(([key]) => /SECRET|PASSWORD|KEY$/.test(key))
    const literal = values.filter(([, value]) => !String(value).startsWith('${'))
    expect(literal).toEqual([['ROOT_ACCESS_KEY', 'tailrace']])
  })

  it('is one that docker-compose takes', ({ skip }) => {
    const env = { ...process.env, ...Object.fromEntries(secrets.map((name) => [name, 'x'])) }
    const run = (args: string[]) => spawnSync('docker-compose', args, { encoding: 'utf8', env })
    if (run(['version']).error)
      skip('no docker-compose; install it: apt-get install docker-compose')
    const { status, stdout, stderr } = run(['-f', 'docker-compose.yml', 'config'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(Object.keys(parse(stdout).services)).toHaveLength(7 + 6)
  })
})

describe('deploy/prometheus.yml', () => {
  it('asks every node, with the labels of the dashboard', () => {
    const config = parse(readFileSync('deploy/prometheus.yml', 'utf8'))
    expect(config.scrape_configs[0].static_configs).toEqual(
      clusterShape.map(({ name, roles, region }) => ({
        targets: [`${name}:9464`],
        labels: { node: name, role: roles.join(), region },
      })),
    )
  })

  it('is one that Prometheus takes', ({ skip }) => {
    const { error, status, stdout, stderr } = spawnSync(
      'promtool',
      ['check', 'config', 'deploy/prometheus.yml'],
      { encoding: 'utf8' },
    )
    if (error) skip('no promtool; install it: apt-get install prometheus')
    expect({ status, said: stdout + stderr }).toMatchObject({ status: 0 })
  })
})
