import type { ClientContext } from '#load/client-connection.ts'
import type { Fingerprint } from '#webrtc/dtls/fingerprint.ts'
import { type Caller, type Exchange, resolved } from './caller.ts'
import { NotSeen, type Protocol } from './check.ts'
import { browserOffer, type Change, newCredentials } from './offers.ts'
import { OpenSession } from './open-session.ts'

export interface TrialOptions {
  readonly protocol: Protocol
  /** The endpoint. */
  readonly url: string
  readonly token: string | undefined
  /** Good for the other protocol. */
  readonly otherToken: string | undefined
  readonly caller: Caller
  readonly context: ClientContext
}

const maxRedirects = 5
/** Ms for which a session is taken to be there still. */
const patience = 7000
export const sdpType = 'application/sdp'

/** One server's endpoint, and what checks do to it. */
export class Trial {
  readonly #options: TrialOptions
  #shared: Promise<OpenSession> | undefined
  readonly #open = new Set<OpenSession>()
  readonly #kept = new Set<OpenSession>()

  constructor(options: TrialOptions) {
    this.#options = options
  }

  get protocol(): Protocol {
    return this.#options.protocol
  }

  get url(): string {
    return this.#options.url
  }

  get token(): string | undefined {
    return this.#options.token
  }

  get otherToken(): string | undefined {
    return this.#options.otherToken
  }

  get caller(): Caller {
    return this.#options.caller
  }

  get fingerprint(): Fingerprint {
    return this.#options.context.certificate.fingerprint
  }

  /** An offer that is for nobody's media. */
  newOffer(): string {
    return browserOffer(this.protocol, newCredentials(), this.fingerprint)
  }

  /** To the endpoint, with nothing but what is named. */
  send(method: string, headers: Record<string, string> = {}, body?: string): Promise<Exchange> {
    return this.caller.send({ method, url: this.url, headers, body })
  }

  /** POSTs with the token, and follows redirects. An empty value takes a header back. */
  async post(body: string, headers: Record<string, string> = {}): Promise<Exchange> {
    const { token } = this
    const all = Object.entries({
      'content-type': sdpType,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    }).filter(([, value]) => value !== '')
    let { url } = this
    for (let hop = 0; ; hop++) {
      const call = { method: 'POST', url, headers: Object.fromEntries(all), body }
      const exchange = await this.caller.send(call)
      const { location } = exchange.headers
      const isRedirect = exchange.status === 307 || exchange.status === 308
      if (!isRedirect || !location || hop === maxRedirects) return exchange
      url = resolved(location, url)
    }
  }

  /** POSTs an offer changed so; what session comes of it is ended at once. */
  async try(change: Change = unchanged, headers?: Record<string, string>): Promise<Exchange> {
    const { posted, session } = await this.#offer(change, headers)
    if (session) await this.#end(session)
    return posted
  }

  /** A session of its own, which the end of the check ends. @throws NotSeen */
  async open(change: Change = unchanged): Promise<OpenSession> {
    const { posted, session } = await this.#offer(change)
    if (session && posted.status === 201) return session
    throw new NotSeen(`there is no session: POST ${posted.status}`)
  }

  /** A session out of an exchange that left one: with a Location. */
  adopt(posted: Exchange, offer: string, local = newCredentials()): OpenSession {
    const { caller, context, token } = this.#options
    const session = new OpenSession({ caller, context, token, posted, offer, local })
    this.#open.add(session)
    return session
  }

  /** The one session that checks share which leave it as it is. @throws NotSeen */
  async session(): Promise<OpenSession> {
    this.#shared ??= this.open().then((session) => this.keep(session))
    const session = await this.#shared
    if (!this.#isStale(session)) return session
    this.#shared = undefined
    return this.session()
  }

  // Servers end sessions whose media does not come, some after ten seconds; and a publisher whose
  // stream another has taken over since.
  #isStale(session: OpenSession): boolean {
    if (this.protocol === 'WHEP' && session.hasMedia) return false
    return session.hasMedia || session.age > patience
  }

  /** Other checks need it, too. */
  keep(session: OpenSession): OpenSession {
    this.#kept.add(session)
    return session
  }

  /** Ends what a check has left open and nobody keeps. */
  async tidy(): Promise<void> {
    for (const session of this.#open) if (!this.#kept.has(session)) await this.#end(session)
  }

  async close(): Promise<void> {
    for (const session of this.#open) await this.#end(session)
  }

  async #offer(
    change: Change,
    headers?: Record<string, string>,
  ): Promise<{ readonly posted: Exchange; readonly session?: OpenSession }> {
    const local = newCredentials()
    const sdp = change(browserOffer(this.protocol, local, this.fingerprint))
    const posted = await this.post(sdp, headers)
    const isSession = posted.status === 201 || posted.status === 406
    if (!isSession || posted.headers.location === undefined) return { posted }
    return { posted, session: this.adopt(posted, sdp, local) }
  }

  async #end(session: OpenSession): Promise<void> {
    this.#open.delete(session)
    await session.close()
  }
}

const unchanged: Change = (sdp) => sdp
