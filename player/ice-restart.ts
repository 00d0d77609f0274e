import { withStereo } from './stereo.ts'

/** What a session is asked at. */
export interface SessionResource {
  readonly url: string
  /** Of every request. */
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Begins ICE anew in a session that goes on (RFC 9725 §4.3.3). Gathering and the request go on
 * side by side; the path there was stays in use until there is another.
 *
 * @throws Error when the server will not; the connection is then as it was
 */
export async function restartIce(
  peer: RTCPeerConnection,
  { url, headers }: SessionResource,
): Promise<void> {
  const { type, sdp = '' } = await peer.createOffer({ iceRestart: true })
  const offer = { type, sdp: withStereo(sdp) }
  const [response] = await Promise.all([
    fetch(url, {
      method: 'PATCH',
      headers: {
        'content-type': 'application/trickle-ice-sdpfrag',
        'if-match': '*',
        ...headers,
      },
      body: restartFragment(offer.sdp),
    }),
    peer.setLocalDescription(offer),
  ])
  if (response.status !== 200) {
    await peer.setLocalDescription({ type: 'rollback' })
    throw new Error(`the server answered ${response.status} to an ICE restart`)
  }
  const answer = renewed(peer.remoteDescription?.sdp ?? '', await response.text())
  await peer.setRemoteDescription({ type: 'answer', sdp: answer })
}

// The first m-line stands for all: they share one transport (RFC 8840 §9).
function restartFragment(offer: string): string {
  const wanted = [/^a=group:.*/m, /^m=.*/m, /^a=mid:.*/m, /^a=ice-ufrag:.*/m, /^a=ice-pwd:.*/m]
  return wanted.map((line) => `${line.exec(offer)?.[0].trimEnd()}\r\n`).join('')
}

/** What the server said before, with the credentials that it says now. */
function renewed(description: string, fragment: string): string {
  const now = (name: string) => new RegExp(`^a=${name}:.*`, 'm').exec(fragment)?.[0].trimEnd() ?? ''
  return (
    description
      .replaceAll(/^a=ice-ufrag:.*$/gm, now('ice-ufrag'))
      .replaceAll(/^a=ice-pwd:.*$/gm, now('ice-pwd'))
      // Of a server that made the offer, and was answered "active".
      .replaceAll('a=setup:actpass', 'a=setup:passive')
  )
}
