export type Role = 'ingest' | 'relay' | 'edge'

/** One node of the small cluster, wherever it runs. */
export interface ShapeNode {
  /** Its id, its host name in the compose file, and its name in front of its lines. */
  readonly name: string
  readonly roles: readonly Role[]
  readonly region: string
}

/**
 * The small cluster: what docker-compose.yml and `npm run cluster` both start, parents before
 * children. Two of each, so that one can be lost; a third edge, so that a region has two.
 */
export const clusterShape: readonly ShapeNode[] = [
  { name: 'ingest-1', roles: ['ingest'], region: 'eu' },
  { name: 'ingest-2', roles: ['ingest'], region: 'us' },
  { name: 'relay-1', roles: ['relay'], region: 'eu' },
  { name: 'relay-2', roles: ['relay'], region: 'us' },
  { name: 'edge-1', roles: ['edge'], region: 'eu' },
  { name: 'edge-2', roles: ['edge'], region: 'eu' },
  { name: 'edge-3', roles: ['edge'], region: 'us' },
]

/** Which proxies in front name the viewer's region by; they drop what a client says there. */
export const regionHeader = 'X-Viewer-Region'
