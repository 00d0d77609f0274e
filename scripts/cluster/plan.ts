import { join } from 'node:path'
import { type ClusterPorts, clusterPorts, type NodePorts } from './ports.ts'
import { services } from './services.ts'
import { clusterShape, regionHeader, type ShapeNode } from './shape.ts'

export interface PlanOptions {
  /** First of the TCP and UDP ports; `portsTaken` of them are used. */
  readonly basePort: number
  /** Address that everything listens on and announces; 127.0.0.1 for this machine alone. */
  readonly address: string
  /** Absolute path; each program has a folder of its own in it. */
  readonly folder: string
  /** Absolute path of this repository, and of the Node that runs it. */
  readonly root: string
  readonly node: string
  readonly secrets: ClusterSecrets
  /** What this machine has of `servicePrograms`: name and absolute path. */
  readonly installed: ReadonlyMap<string, string>
  /** Settings to leave out, for a server that does not know them. */
  readonly omit?: readonly string[]
}

/** What the nodes share. */
export interface ClusterSecrets {
  /** 32 characters or more. */
  readonly cluster: string
  readonly publishKey: string
  readonly s3Key: string
}

/** A program to start, and how one sees that it is ready. */
export interface Program {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** Added to the environment of the starter. */
  readonly env: Readonly<Record<string, string>>
  /** Working folder, absolute. */
  readonly folder: string
  /** Ready once it prints this, or once it takes TCP connections there. */
  readonly ready: { readonly line: string } | { readonly address: string; readonly port: number }
  /** Programs of a stage start together, after those of lower ones; they end the other way. */
  readonly stage: number
  /** Files to write into its folder first: name and text. */
  readonly files?: Readonly<Record<string, string>>
}

export interface PlannedNode extends ShapeNode {
  readonly ports: NodePorts
  /** Where clients and other nodes reach it, without a slash at the end. */
  readonly origin: string
  readonly metricsUrl: string
}

/** A program that this machine does not have. */
export interface Absent {
  readonly name: string
  /** Without it no cluster starts. */
  readonly isNeeded: boolean
  /** What installs it. */
  readonly install: string
}

export interface ClusterPlan {
  readonly programs: readonly Program[]
  readonly nodes: readonly PlannedNode[]
  readonly absent: readonly Absent[]
  readonly ports: ClusterPorts
}

/** Every process of a small cluster on one machine, with its arguments and its environment. */
export function clusterPlan(options: PlanOptions): ClusterPlan {
  const { address, basePort } = options
  const ports = clusterPorts(basePort)
  const nodes = clusterShape.map((node): PlannedNode => {
    const own = ports.nodes[node.name]!
    const origin = `http://${inUrl(address)}:${own.http}`
    return { ...node, ports: own, origin, metricsUrl: `http://127.0.0.1:${own.metrics}/metrics` }
  })
  const { programs, absent } = services({ ...options, ports, nodes })
  return {
    programs: [...programs, ...nodes.map((node) => nodeProgram(node, options, ports))],
    nodes,
    absent,
    ports,
  }
}

/** An address as it stands in a URL: that of IPv6 in brackets. */
function inUrl(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}

// Behind Redis and NATS; a parent before its children, so that nobody starts by searching.
const stageOf = { ingest: 1, relay: 2, edge: 3 } as const

function nodeProgram(node: PlannedNode, options: PlanOptions, ports: ClusterPorts): Program {
  const { folder, root } = options
  const env = nodeSettings(node, options, ports)
  for (const name of options.omit ?? []) delete env[name]
  return {
    name: node.name,
    command: options.node,
    args: [
      '--disable-warning=ExperimentalWarning',
      '--max-semi-space-size=4',
      join(root, 'server', 'main.ts'),
    ],
    env,
    // Not the repository: a tailrace.yml there is for a node alone.
    folder: join(folder, node.name),
    ready: { line: '"ready":true' },
    stage: stageOf[node.roles[0]!],
  }
}

function nodeSettings(
  node: PlannedNode,
  { address, folder, secrets }: PlanOptions,
  ports: ClusterPorts,
): Record<string, string> {
  return {
    TAILRACE_ROLES: node.roles.join(),
    TAILRACE_REGION: node.region,
    TAILRACE_NODE_ID: node.name,
    TAILRACE_NODE_URL: node.origin,
    TAILRACE_PUBLIC_URL: node.origin,
    TAILRACE_REDIS_URL: `redis://127.0.0.1:${ports.redis}`,
    TAILRACE_STORE_URL: `nats://127.0.0.1:${ports.nats}`,
    TAILRACE_CLUSTER_SECRET: secrets.cluster,
    TAILRACE_PUBLISH_KEY: secrets.publishKey,
    TAILRACE_REGION_HEADER: regionHeader,
    // Caddy, which comes from the address that it calls.
    TAILRACE_TRUST_PROXY: [...new Set(['127.0.0.1', address])].join(),
    TAILRACE_HTTP_HOST: address,
    TAILRACE_HTTP_PORT: String(node.ports.http),
    TAILRACE_MEDIA_PORT: String(node.ports.media),
    TAILRACE_METRICS_PORT: String(node.ports.metrics),
    TAILRACE_PUBLIC_ADDRESS: address,
    TAILRACE_DATA_DIR: join(folder, node.name),
    TAILRACE_PRINT: 'json',
  }
}
