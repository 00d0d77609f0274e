import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Links } from '#relay/links/links.ts'
import type { LinkEnd } from '#relay/links/links-options.ts'

/** The numbers of a node's place in the tree. */
export class LinkMetrics {
  readonly #ended: Counter
  readonly #reattachments: Histogram

  constructor(registry: Registry, links: () => Pick<Links, 'children' | 'parents'> | undefined) {
    const registers = [registry]
    const gauge = new Gauge({
      name: 'tailrace_links',
      help: 'Links to other nodes, by what the other one is to this',
      labelNames: ['side'],
      registers,
      collect() {
        gauge.set({ side: 'parent' }, links()?.parents ?? 0)
        gauge.set({ side: 'child' }, links()?.children ?? 0)
      },
    })
    this.#ended = new Counter({
      name: 'tailrace_links_ended_total',
      help: 'Links that have ended',
      labelNames: ['side', 'cause'],
      registers,
    })
    this.#reattachments = new Histogram({
      name: 'tailrace_reattachment_seconds',
      help: 'From the loss of a parent to the word of another, by stream',
      buckets: [0.05, 0.1, 0.2, 0.5, 1, 2, 5],
      registers,
    })
  }

  ended(side: 'parent' | 'child', cause: LinkEnd['cause']): void {
    this.#ended.inc({ side, cause })
  }

  reattached(ms: number): void {
    this.#reattachments.observe(ms / 1000)
  }
}
