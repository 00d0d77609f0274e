import { type HttpSession, openSession } from './http-session.ts'

export interface Viewing extends HttpSession {
  readonly peer: RTCPeerConnection
}

/**
 * Asks a WHEP endpoint for its stream (draft-ietf-wish-whep §4.3).
 *
 * @param onStream called with the stream when its first track is known, before media comes
 * @throws as `openSession`
 */
export async function view(
  endpoint: string,
  token: string | undefined,
  onStream: (stream: MediaStream) => void,
): Promise<Viewing> {
  const peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle' })
  const stream = new MediaStream()
  peer.addEventListener('track', ({ track }) => {
    stream.addTrack(track)
    if (stream.getTracks().length === 1) onStream(stream)
  })
  peer.addTransceiver('audio', { direction: 'recvonly' })
  peer.addTransceiver('video', { direction: 'recvonly' })
  try {
    return { peer, ...(await openSession(peer, endpoint, token)) }
  } catch (error) {
    peer.close()
    throw error
  }
}
