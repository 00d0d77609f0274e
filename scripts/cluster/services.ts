import { join } from 'node:path'
import type { Absent, PlannedNode, PlanOptions, Program } from './plan.ts'
import type { ClusterPorts } from './ports.ts'

/** What the services need to know of the plan. */
export interface ServiceOptions extends PlanOptions {
  readonly ports: ClusterPorts
  readonly nodes: readonly PlannedNode[]
}

interface Service {
  /** As it is called in the compose file. */
  readonly name: string
  readonly program: string
  readonly isNeeded: boolean
  readonly install: string
  readonly plan: (options: ServiceOptions) => Omit<Program, 'name' | 'command' | 'folder'>
}

const loopback = '127.0.0.1'

// What comes after the nodes: it only looks at them.
const afterNodes = 4

const redis: Service = {
  name: 'redis',
  program: 'redis-server',
  isNeeded: true,
  install: 'apt-get install redis-server',
  plan: ({ ports }) => ({
    // On no disk: Redis has only what nodes can tell it again.
    args: [
      ...['--bind', loopback, '--port', String(ports.redis), '--loglevel', 'warning'],
      ...['--save', '', '--appendonly', 'no'],
    ],
    env: {},
    ready: { address: loopback, port: ports.redis },
    stage: 0,
  }),
}

const nats: Service = {
  name: 'nats',
  program: 'nats-server',
  isNeeded: true,
  install: 'apt-get install nats-server',
  plan: ({ ports, folder }) => ({
    args: [
      ...['--addr', loopback, '--port', String(ports.nats)],
      ...['--jetstream', '--store_dir', join(folder, 'nats')],
      // It has much to say at its start, and no way to say less.
      ...['--log', join(folder, 'nats', 'nats.log')],
    ],
    env: {},
    ready: { address: loopback, port: ports.nats },
    stage: 0,
  }),
}

const s3: Service = {
  name: 's3',
  program: 'versitygw',
  isNeeded: false,
  // Neither Debian nor npm has an S3 server that is kept up.
  install: 'go install github.com/versity/versitygw/cmd/versitygw@v1.8.0',
  plan: ({ ports, secrets, folder }) => ({
    args: [
      ...['--port', `${loopback}:${ports.s3}`, 'posix'],
      // What it notes of objects has files too, since a tmpfs may take no extended attributes.
      ...['--sidecar', join(folder, 's3', 'notes'), join(folder, 's3', 'objects')],
    ],
    env: { ROOT_ACCESS_KEY: 'tailrace', ROOT_SECRET_KEY: secrets.s3Key, VGW_QUIET: 'true' },
    ready: { address: loopback, port: ports.s3 },
    stage: 0,
    files: { 'objects/.keep': '', 'notes/.keep': '' },
  }),
}

const caddy: Service = {
  name: 'caddy',
  program: 'caddy',
  isNeeded: false,
  install: 'apt-get install caddy',
  plan: ({ ports, nodes, root, folder }) => ({
    args: ['run', '--adapter', 'caddyfile', '--config', join(root, 'deploy', 'Caddyfile')],
    env: {
      DOMAIN: `localhost:${ports.front}`,
      LOG_LEVEL: 'ERROR',
      PLAIN_PORT: String(ports.frontPlain),
      XDG_DATA_HOME: join(folder, 'caddy', 'data'),
      XDG_CONFIG_HOME: join(folder, 'caddy', 'config'),
      ...Object.fromEntries(nodes.map(({ name, origin }) => [variable(name), hostOf(origin)])),
    },
    ready: { address: loopback, port: ports.front },
    stage: afterNodes,
  }),
}

const prometheus: Service = {
  name: 'prometheus',
  program: 'prometheus',
  isNeeded: false,
  install: 'apt-get install prometheus',
  plan: ({ ports, nodes }) => ({
    args: [
      '--config.file=prometheus.yml',
      '--storage.tsdb.path=data',
      '--log.level=warn',
      `--web.listen-address=${loopback}:${ports.prometheus}`,
    ],
    env: {},
    ready: { address: loopback, port: ports.prometheus },
    stage: afterNodes,
    // YAML is a superset of JSON.
    files: { 'prometheus.yml': `${JSON.stringify(scrapes(nodes), undefined, 2)}\n` },
  }),
}

const all: readonly Service[] = [redis, nats, s3, caddy, prometheus]

/** Programs that the cluster runs beside its nodes, by the names to call them. */
export const servicePrograms = all.map(({ program }) => program)

/** Services as programs to start; those that this machine does not have, as what installs them. */
export function services(options: ServiceOptions): { programs: Program[]; absent: Absent[] } {
  const { installed, folder } = options
  const isThere = ({ program }: Service) => installed.has(program)
  return {
    programs: all.filter(isThere).map(({ name, program, plan }) => ({
      name,
      command: installed.get(program)!,
      folder: join(folder, name),
      ...plan(options),
    })),
    absent: all
      .filter((service) => !isThere(service))
      .map(({ name, isNeeded, install }) => ({ name, isNeeded, install })),
  }
}

/** As deploy/Caddyfile calls the address of a node: `INGEST_1`. */
function variable(name: string): string {
  return name.toUpperCase().replaceAll('-', '_')
}

function hostOf(origin: string): string {
  return new URL(origin).host
}

/** The same labels as in deploy/prometheus.yml, so that the dashboard fits both. */
function scrapes(nodes: readonly PlannedNode[]) {
  const targets = nodes.map(({ name, roles, region, metricsUrl }) => ({
    targets: [hostOf(metricsUrl)],
    labels: { node: name, role: roles.join(), region },
  }))
  return {
    global: { scrape_interval: '5s' },
    scrape_configs: [{ job_name: 'tailrace', static_configs: targets }],
  }
}
