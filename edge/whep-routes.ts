import type { CreatedSession } from '#control/http/created-session.ts'
import type { Principal } from '#control/permissions.ts'
import type { StreamName } from '#core/stream-name.ts'

export interface WatchRequest {
  readonly name: StreamName
  readonly principal: Principal
  /** SDP, not looked at yet. */
  readonly offer: string
  readonly userAgent: string | undefined
  /** Monotonic ms at which the POST's headers came: every join phase counts from here. */
  readonly receivedAt: number
}

/** What the routes need of the media side; the specs pass a fake. */
export interface Viewers {
  /** @throws ServiceError `malformed-sdp`, `unacceptable-offer`, `no-common-codec`, `stream-not-live`, `full`, `shutting-down` */
  watch(request: WatchRequest): CreatedSession | Promise<CreatedSession>
}
