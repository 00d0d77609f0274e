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
  /** Tells the server, and closes the connection. Never fails; a second call does nothing. */
  close(): void
}

/**
 * Makes a session of `peer` at a WHIP or WHEP endpoint (RFC 9725 §4.2).
 *
 * The offer is sent the moment it exists: the server needs no candidates, it learns addresses
 * from STUN. Gathering and the request then go on side by side.
 *
 * @throws RefusedError when the server says no; TypeError when it cannot be reached
 */
export async function openSession(
  peer: RTCPeerConnection,
  endpoint: string,
  token: string | undefined,
): Promise<HttpSession> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const candidates = gatherCandidates(peer)
  const offer = await peer.createOffer()
  const postedAt = performance.now()
  const [response] = await Promise.all([
    fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/sdp', ...authorization },
      body: offer.sdp ?? '',
    }),
    peer.setLocalDescription(offer),
  ])
  if (response.status !== 201) throw await refusal(response)
  const url = new URL(response.headers.get('location') ?? '', response.url).href

  let closed = false
  const session = {
    postedAt,
    close: () => {
      if (closed) return
      closed = true
      peer.close()
      // `keepalive` lets it outlive the page. Nobody is left to tell of a failure.
      fetch(url, { method: 'DELETE', headers: authorization, keepalive: true }).catch(() => {})
    },
  }
  try {
    await peer.setRemoteDescription({ type: 'answer', sdp: await response.text() })
  } catch (error) {
    session.close()
    throw error
  }
  if (isLoopback(location.hostname)) {
    const tag = response.headers.get('etag')
    const headers = { ...authorization, ...(tag === null ? {} : { 'if-match': tag }) }
    void candidates.then((lines) => sendCandidates(url, headers, offer.sdp ?? '', lines))
  }
  return session
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

/** Candidate lines of the first m-section, the one that bundles all; settles when none follow. */
function gatherCandidates(peer: RTCPeerConnection): Promise<string[]> {
  const lines: string[] = []
  return new Promise((resolve) => {
    peer.addEventListener('icecandidate', ({ candidate }) => {
      if (!candidate) resolve(lines)
      else if (candidate.candidate && candidate.sdpMLineIndex === 0) lines.push(candidate.candidate)
    })
  })
}

// Firefox sends nothing from its loopback address of its own accord: a server there reaches it
// only at the candidates that it names. Anywhere else they would be a request for nothing.
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host.startsWith('127.')
}

/** Trickle in one fragment (RFC 8840 §4.4). A failure shows as a connection that never comes. */
async function sendCandidates(
  url: string,
  headers: Record<string, string>,
  offer: string,
  candidates: readonly string[],
): Promise<void> {
  const line = (pattern: RegExp) => pattern.exec(offer)?.[0] ?? ''
  const fragment = [
    line(/^a=ice-ufrag:.*$/m),
    line(/^a=ice-pwd:.*$/m),
    line(/^m=.*$/m),
    line(/^a=mid:.*$/m),
    ...candidates.map((candidate) => `a=${candidate}`),
    'a=end-of-candidates',
    '',
  ]
  await fetch(url, {
    method: 'PATCH',
    headers: { 'content-type': 'application/trickle-ice-sdpfrag', ...headers },
    body: fragment.map((text) => text.trim()).join('\r\n'),
  }).catch(() => {})
}
