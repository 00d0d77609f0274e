import type { Logger } from 'pino'
import type { LinksObserver } from '#relay/links/links-options.ts'
import { needsMending } from '#relay/links/uplinks.ts'
import type { LinkMetrics } from './link-metrics.ts'

/** A line and a count for each link that begins or ends, and for each stream that was without one. */
export function observeLinks(log: Logger, metrics: LinkMetrics): LinksObserver {
  return {
    opened: (side, node, version) => log.info({ [side]: node, version }, 'link opened'),
    ended: (side, node, { cause, reason, text }) => {
      metrics.ended(side, cause)
      const level = needsMending.has(reason) ? 'error' : 'info'
      log[level]({ [side]: node, cause, reason: text }, 'link ended')
    },
    reattached: (stream, ms) => {
      metrics.reattached(ms)
      log.info({ stream, ms: Math.round(ms) }, 'another parent')
    },
  }
}
