import { restartIce, type SessionResource } from './ice-restart.ts'

/**
 * How long a connection may take to find a way without a relay, in ms. It takes one or two round
 * trips, three by TCP, and 50 ms for each pair of addresses that browsers try in vain before.
 */
const leastPatience = 500
const mostPatience = 2000

export interface RelayFallback {
  readonly session: SessionResource
  readonly relays: readonly RTCIceServer[]
  /** Ms that the POST took: a round trip or more. */
  readonly roundTrip: number
}

/**
 * Restarts ICE with relays where nothing is reached without: they cost a session of those who need
 * none nothing, neither time nor an allocation on the TURN server.
 *
 * Never fails: who waits for a connection notices that there is none.
 */
export async function relayIfStuck(
  peer: RTCPeerConnection,
  { session, relays, roundTrip }: RelayFallback,
): Promise<void> {
  if (relays.length === 0) return
  const patience = Math.min(Math.max(4 * roundTrip, leastPatience), mostPatience)
  if (await findsWay(peer, patience)) return
  try {
    peer.setConfiguration({ ...peer.getConfiguration(), iceServers: [...relays] })
    await restartIce(peer, session)
  } catch {
    // Closed meanwhile, or a server that knows no restart.
  }
}

/** Whether some pair of addresses works before that time is over. */
function findsWay(peer: RTCPeerConnection, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const look = () => {
      const found = /^(connected|completed)$/.test(peer.iceConnectionState)
      if (found || peer.iceConnectionState === 'failed') done(found)
    }
    const done = (found: boolean) => {
      clearTimeout(timer)
      peer.removeEventListener('iceconnectionstatechange', look)
      resolve(found)
    }
    const timer = setTimeout(() => done(false), ms)
    peer.addEventListener('iceconnectionstatechange', look)
    look()
  })
}
