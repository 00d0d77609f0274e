import { clusterShape } from './shape.ts'

/** The three ports of a node, as docs/settings.md names them. */
export interface NodePorts {
  readonly http: number
  /** UDP and TCP. */
  readonly media: number
  readonly metrics: number
}

export interface ClusterPorts {
  readonly redis: number
  readonly nats: number
  readonly s3: number
  /** Caddy's TLS port, and the one on which it sends clients there. */
  readonly front: number
  readonly frontPlain: number
  readonly prometheus: number
  readonly nodes: Readonly<Record<string, NodePorts>>
}

// A node's ports share all digits but the last, so that a person sees whose they are.
const perNode = 10

/** Ports from `base` on, in a fixed order: services in the first ten, then ten for each node. */
export function clusterPorts(base: number): ClusterPorts {
  const nodes = clusterShape.map(({ name }, index): [string, NodePorts] => {
    const http = base + perNode * (index + 1)
    return [name, { http, media: http + 1, metrics: http + 2 }]
  })
  return {
    redis: base,
    nats: base + 1,
    s3: base + 2,
    front: base + 3,
    frontPlain: base + 4,
    prometheus: base + 5,
    nodes: Object.fromEntries(nodes),
  }
}

/** All of them as numbers. */
export function portNumbers({ nodes, ...services }: ClusterPorts): number[] {
  return [...Object.values(services), ...Object.values(nodes).flatMap((own) => Object.values(own))]
}
