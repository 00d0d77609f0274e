import type { StreamName } from '#core/stream-name.ts'
import type { StreamStatus } from '#relay/stream-status.ts'

/** What the routes need of the streams of this node; the specs pass a fake. */
export interface StatusSource {
  list(): StreamStatus[]
  /** `undefined`: nobody has published under this name. */
  get(name: StreamName): StreamStatus | undefined
}
