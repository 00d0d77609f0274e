import { Counter, Gauge, type Registry as MetricsRegistry } from 'prom-client'
import type { RedirectReason } from '#control/http/overflow.ts'

export interface ClusterFigures {
  /** Nodes known, this one too. */
  nodes(): number
  registryConnected(): boolean
  /** Streams that another node took over, so far. */
  claimsLost(): number
  /** Ms, of those viewers for whom it is measured. */
  roundTrips(): readonly number[]
}

/** What "near" means of a viewer, in ms of round trip. */
const nearRoundTrip = 50

/** The numbers of a node as one of a cluster. */
export class ClusterMetrics {
  readonly #redirects: Counter

  constructor(registry: MetricsRegistry, figures: ClusterFigures) {
    const registers = [registry]
    this.#redirects = new Counter({
      name: 'tailrace_redirects_total',
      help: 'Clients sent to another node of the cluster',
      labelNames: ['reason'],
      registers,
    })
    const gauge = (name: string, help: string, read: () => number) =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read())
        },
      })
    gauge('tailrace_cluster_nodes', 'Nodes known, this one too', () => figures.nodes())
    gauge('tailrace_registry_connected', 'Whether the registry is in reach', () =>
      Number(figures.registryConnected()),
    )
    gauge('tailrace_viewers_measured', 'Viewers whose round trip is measured', () => {
      return figures.roundTrips().length
    })
    gauge(
      'tailrace_viewers_near',
      `Of these, viewers within ${nearRoundTrip} ms of round trip`,
      () => near(figures.roundTrips()),
    )
    gauge('tailrace_viewers_near_ratio', 'The one as a part of the other; 1 of none', () => {
      const all = figures.roundTrips()
      return all.length === 0 ? 1 : near(all) / all.length
    })
    const lost = new Counter({
      name: 'tailrace_claims_lost_total',
      help: 'Streams that a newer publisher at another node took over',
      registers,
      collect() {
        lost.reset()
        lost.inc(figures.claimsLost())
      },
    })
  }

  redirected(reason: RedirectReason): void {
    this.#redirects.inc({ reason })
  }
}

function near(roundTrips: readonly number[]): number {
  return roundTrips.filter((ms) => ms <= nearRoundTrip).length
}
