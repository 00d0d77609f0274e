import type { IceServices } from '#control/http/session-links.ts'
import { TurnCredentials } from '#control/http/turn-credentials.ts'
import type { Config } from './config.ts'

/** The STUN and TURN servers that clients are told of, by the settings. */
export function iceServices(config: Config): Pick<IceServices, 'iceServers' | 'turn'> {
  const { ICE_SERVERS, TURN_URLS: urls, TURN_SECRET: secret, TURN_TTL: lifetime } = config
  const iceServers = ICE_SERVERS.map(({ urls: url, ...rest }) => ({ url, ...rest }))
  if (secret === undefined) return { iceServers }
  return { iceServers, turn: new TurnCredentials({ urls, secret, lifetime }) }
}
