import type { HttpClient, HttpResponse } from './http-client.ts'

/** One WHIP or WHEP session as its server named it (RFC 9725 §4.2). */
export interface SignallingSession {
  readonly answer: string
  /** Where to DELETE. */
  readonly location: string
  /** Where to ask for events of the session (WHEP extension `server-sent-events`), if anywhere. */
  readonly events: string | undefined
}

export interface SignallingOptions {
  readonly http: HttpClient
  readonly url: string
  readonly token?: string | undefined
  /** Servers know a client's habits by it. */
  readonly userAgent: string
  /** Gives up the POST. */
  readonly signal?: AbortSignal | undefined
}

/** A server that did not take the offer, in words that name the cause. */
export class SignallingError extends Error {
  /** What failures are counted by: `http 409`, `unreachable`, `bad answer`. */
  readonly reason: string
  /** Seconds that the server asked to wait. */
  readonly retryAfter: number | undefined

  constructor(
    reason: string,
    message: string,
    options: ErrorOptions & { retryAfter?: number } = {},
  ) {
    super(message, options)
    this.name = 'SignallingError'
    this.reason = reason
    this.retryAfter = options.retryAfter
  }
}

/** OBS gives up on a POST after as long (INTEROP IO-3). */
const postTimeout = 8000
const deleteTimeout = 3000
const maxRedirects = 5
const maxErrorText = 300

/**
 * Posts the offer and follows 307 and 308 with the token, as OBS and ffmpeg do (INTEROP IO-4).
 *
 * @throws SignallingError for every way in which no session came of it
 */
export async function postOffer(
  offer: string,
  options: SignallingOptions,
): Promise<SignallingSession> {
  let url = options.url
  for (let hop = 0; hop <= maxRedirects; hop++) {
    const response = await request('POST', url, postTimeout, options, offer)
    if (response.status === 307 || response.status === 308) {
      url = locationOf(response, url)
      continue
    }
    const { status, body } = response
    if (status !== 201) throw refusal(response, url)
    if (!body.startsWith('v=')) throw new SignallingError('bad answer', `${url} sent no SDP answer`)
    return { answer: body, location: locationOf(response, url), events: eventsOf(response, url) }
  }
  throw new SignallingError('too many redirects', `${options.url} redirects without end`)
}

/** Ends a session. A server that no longer knows it, or is gone, is as good as an answer. */
export async function deleteSession(location: string, options: SignallingOptions): Promise<void> {
  try {
    const unstoppable = { ...options, signal: undefined }
    await request('DELETE', location, deleteTimeout, unstoppable)
  } catch (error) {
    if (!(error instanceof SignallingError)) throw error
  }
}

/**
 * Opens the connection to a server with an OPTIONS request, as a browser's preflight does, so that
 * the first join measures a join. Whatever comes of it, the POST will tell better.
 */
export async function warmUp(options: SignallingOptions): Promise<void> {
  try {
    await request('OPTIONS', options.url, postTimeout, options)
  } catch (error) {
    if (!(error instanceof SignallingError)) throw error
  }
}

async function request(
  method: 'POST' | 'DELETE' | 'OPTIONS',
  url: string,
  timeout: number,
  { http, token, userAgent, signal }: SignallingOptions,
  offer?: string,
): Promise<HttpResponse> {
  const headers: Record<string, string> = { 'user-agent': userAgent }
  if (token) headers.authorization = `Bearer ${token}`
  if (offer !== undefined) headers['content-type'] = 'application/sdp'
  const timedOut = AbortSignal.timeout(timeout)
  try {
    return await http.request({
      method,
      url,
      headers,
      body: offer,
      signal: signal ? AbortSignal.any([signal, timedOut]) : timedOut,
    })
  } catch (cause) {
    if (signal?.aborted) throw new SignallingError('stopped', 'stopped', { cause })
    const reason = timedOut.aborted ? 'http timeout' : 'unreachable'
    throw new SignallingError(reason, `no answer from ${url}: ${causeOf(cause)}`, { cause })
  }
}

function locationOf(response: HttpResponse, url: string): string {
  const { location } = response.headers
  if (!location || !URL.canParse(location, url)) {
    throw new SignallingError('bad answer', `${url} answered ${response.status} without a Location`)
  }
  return new URL(location, url).href
}

/** The one link of an answer that tells of events (RFC 8288, WHEP-73). */
const eventsLink = /<([^>]*)>[^,]*;\s*rel="?urn:ietf:params:whep:ext:core:server-sent-events\b/

function eventsOf({ headers }: HttpResponse, url: string): string | undefined {
  const link = eventsLink.exec(String(headers.link ?? ''))?.[1]
  return link !== undefined && URL.canParse(link, url) ? new URL(link, url).href : undefined
}

function refusal({ status, reason, headers, body }: HttpResponse, url: string): SignallingError {
  const retryAfter = Number(headers['retry-after'] ?? Number.NaN)
  return new SignallingError(
    `http ${status}`,
    `${url} answered ${status}: ${problemText(body) || reason}`,
    Number.isFinite(retryAfter) ? { retryAfter } : {},
  )
}

// Problem details where the server sends them (RFC 9457), else the start of what it said.
function problemText(body: string): string {
  try {
    const problem: unknown = JSON.parse(body)
    if (typeof problem === 'object' && problem !== null) {
      if ('detail' in problem && typeof problem.detail === 'string') return problem.detail
      if ('title' in problem && typeof problem.title === 'string') return problem.title
    }
  } catch {
    // Plain text, then.
  }
  return body.slice(0, maxErrorText).trim()
}

// Node gathers what several addresses of one name said, with no words of its own.
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.message !== '') return error.message
  return 'code' in error ? String(error.code) : error.name
}
