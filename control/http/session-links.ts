import type { Clock } from '#core/clock.ts'
import { type IceServer, iceServerLinks } from './ice-servers.ts'
import type { TurnCredentials } from './turn-credentials.ts'

/** What clients are told of servers that help them through. */
export interface IceServices {
  readonly clock: Clock
  /** Named as they are, credentials of the settings and all. */
  readonly iceServers: readonly IceServer[]
  /** Mints a credential for each session (SEC-56); absent: no TURN server knows our secret. */
  readonly turn?: TurnCredentials | undefined
}

/**
 * `Link` field values for whoever may use the servers (RFC 9725 §4.6).
 *
 * @param owner whom a minted credential is traced to: as `TurnCredentials.servers` takes it
 */
export function iceLinks({ clock, iceServers, turn }: IceServices, owner: string): string[] {
  return iceServerLinks([...iceServers, ...(turn?.servers(owner, clock.wall()) ?? [])])
}

/** `Link` field values of a new session: servers first, then its extensions (RFC 9725 §4.8). */
export function sessionLinks(
  services: IceServices,
  { id, links = [] }: { readonly id: string; readonly links?: readonly string[] },
): string[] {
  return [...iceLinks(services, id), ...links]
}
