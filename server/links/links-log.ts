import type { Logger } from 'pino'
import type { LinksObserver } from '#relay/links/links-options.ts'

/** A line for each link that begins or ends. */
export function linksLog(log: Logger): LinksObserver {
  return {
    opened: (side, node) => log.info({ [side]: node }, 'link opened'),
    ended: (side, node, reason) => log.info({ [side]: node, reason }, 'link ended'),
  }
}
