import type { CreatedSession } from '#control/http/created-session.ts'
import type { Principal } from '#control/permissions.ts'
import type { StreamName } from '#core/stream-name.ts'

export interface PublishRequest {
  readonly name: StreamName
  readonly principal: Principal
  /** SDP, not looked at yet. */
  readonly offer: string
  readonly userAgent: string | undefined
}

/** What the routes need of the media side; the specs pass a fake. */
export interface Publishers {
  /** @throws ServiceError `malformed-sdp`, `unacceptable-offer`, `no-common-codec`, `stream-taken`, `full`, `shutting-down` */
  publish(request: PublishRequest): CreatedSession | Promise<CreatedSession>
}
