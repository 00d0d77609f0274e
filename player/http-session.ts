import type { SessionResource } from './ice-restart.ts'
import { relayIfStuck } from './relay-fallback.ts'
import { namedRelays } from './relays.ts'
import { withStereo } from './stereo.ts'

/** For an answer to a request, in ms: who takes longer counts as away. */
const patience = 10_000

/** The server answered, and the answer is no. */
export class RefusedError extends Error {
  /** HTTP status. */
  readonly status: number
  /** Seconds the server asks to wait. */
  readonly retryAfter: number | undefined

  constructor(status: number, message: string, retryAfter: number | undefined) {
    super(message)
    this.name = 'RefusedError'
    this.status = status
    this.retryAfter = retryAfter
  }
}

/** A WHIP or WHEP session of this page. */
export interface HttpSession {
  /** `performance.now()` at the moment the POST was sent. */
  readonly postedAt: number
  /** Where it is, which a redirect may have changed. */
  readonly resource: SessionResource
  /** Tells the server, and closes the connection. Never fails; a second call does nothing. */
  close(): void
}

/**
 * Makes a session of `peer` at a WHIP or WHEP endpoint (RFC 9725 §4.2).
 *
 * The offer is sent the moment it exists: the server needs no candidates, it learns addresses
 * from STUN. Gathering and the request then go on side by side. Relays that the answer names come
 * in where there is no way without one.
 *
 * @throws RefusedError when the server says no; TypeError when it cannot be reached; TimeoutError
 * when it does not answer
 */
export async function openSession(
  peer: RTCPeerConnection,
  endpoint: string,
  token: string | undefined,
): Promise<HttpSession> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const { type, sdp = '' } = await peer.createOffer()
  const offer = { type, sdp: withStereo(sdp) }
  const postedAt = performance.now()
  const post = (url: string) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/sdp', ...authorization },
      body: offer.sdp,
      signal: AbortSignal.timeout(patience),
    })
  const [first] = await Promise.all([post(endpoint), peer.setLocalDescription(offer)])
  // Browsers take the token away where a redirect leads to another origin (Fetch §4.4).
  const response = first.status === 401 && first.redirected ? await post(first.url) : first
  const isCounterOffer =
    response.status === 406 &&
    /^application\/sdp\b/i.test(response.headers.get('content-type') ?? '')
  const roundTrip = performance.now() - postedAt
  if (response.status !== 201 && !isCounterOffer) throw await refusal(response)
  const url = new URL(response.headers.get('location') ?? '', response.url).href
  const resource = { url, headers: authorization }

  let closed = false
  const session = {
    postedAt,
    resource,
    close: () => {
      if (closed) return
      closed = true
      peer.close()
      // `keepalive` lets it outlive the page. Nobody is left to tell of a failure.
      fetch(url, { method: 'DELETE', headers: authorization, keepalive: true }).catch(() => {})
    },
  }
  try {
    const sdp = await response.text()
    if (isCounterOffer) await answerOffer(peer, sdp, resource)
    else await peer.setRemoteDescription({ type: 'answer', sdp })
    const relays = namedRelays(response.headers.get('link'))
    void relayIfStuck(peer, { session: resource, relays, roundTrip })
  } catch (error) {
    session.close()
    throw error
  }
  return session
}

/**
 * Takes what the server offers in place of what it was offered (draft-ietf-wish-whep §4.3.2).
 *
 * @throws RefusedError when the server cannot use the answer, either
 */
async function answerOffer(
  peer: RTCPeerConnection,
  sdp: string,
  session: SessionResource,
): Promise<void> {
  await peer.setRemoteDescription({ type: 'offer', sdp })
  const answer = await peer.createAnswer()
  const body = withStereo(answer.sdp ?? '')
  await peer.setLocalDescription({ type: 'answer', sdp: body })
  const headers = { 'content-type': 'application/sdp', ...session.headers }
  const signal = AbortSignal.timeout(patience)
  const response = await fetch(session.url, { method: 'PATCH', headers, body, signal })
  if (!response.ok) throw await refusal(response)
}

async function refusal(response: Response): Promise<RefusedError> {
  const body: unknown = await response.json().catch(() => undefined)
  const detail = (body as { detail?: unknown } | undefined)?.detail
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN)
  return new RefusedError(
    response.status,
    typeof detail === 'string' ? detail : `the server answered ${response.status}`,
    Number.isFinite(retryAfter) ? retryAfter : undefined,
  )
}
