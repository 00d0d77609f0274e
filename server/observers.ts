import type { Logger } from 'pino'
import { type StreamName, streamKey } from '#core/stream-name.ts'
import type { ViewerObserver } from '#edge/viewer-peers.ts'
import type { PublisherObserver } from '#ingest/publisher-sessions.ts'
import type { Claims } from './cluster/claims.ts'
import type { Metrics } from './metrics.ts'

/** Writes a line and a count for each step in the life of a publisher, and claims its stream. */
export function observePublishers({
  log,
  metrics,
  claims,
  publishing,
}: {
  readonly log: Logger
  readonly metrics: Metrics
  readonly claims: Claims
  /** A stream is published at this node from now on. */
  publishing(name: StreamName): void
}): PublisherObserver {
  return {
    publishing: (name, publication, owner) => {
      publishing(name)
      claims.published(name, publication, owner.id)
      metrics.sessionOpened('publisher')
      log.info({ stream: streamKey(name), client: publication.client }, 'publishing')
    },
    ended: (name, end, { detail, publication }) => {
      claims.ended(name, end, publication)
      metrics.sessionEnded('publisher', end)
      if (detail !== undefined) metrics.handshakeFailed(detail)
      log.info({ stream: streamKey(name), end, detail }, 'publisher ended')
    },
  }
}

/** The same for viewers, who are many: their lines are for debugging. */
export function observeViewers(log: Logger, metrics: Metrics): ViewerObserver {
  return {
    joined: (stream) => {
      metrics.sessionOpened('viewer')
      log.debug({ stream: streamKey(stream.name) }, 'viewer joined')
    },
    reached: (_stream, phase, ms) => metrics.joinReached(phase, ms),
    ended: (stream, end, detail) => {
      metrics.sessionEnded('viewer', end)
      if (detail !== undefined) metrics.handshakeFailed(detail)
      log.debug({ stream: streamKey(stream.name), end, detail }, 'viewer ended')
    },
  }
}
