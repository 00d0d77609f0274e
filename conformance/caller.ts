import type { IncomingHttpHeaders } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '#core/errors.ts'
import type { HttpClient } from '#load/http-client.ts'
import { NotSeen } from './check.ts'

export interface Call {
  readonly method: string
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | undefined
}

/** One request and what came back. */
export interface Exchange {
  readonly method: string
  readonly url: string
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A server from which nothing came: refused, closed, or silent for too long. */
export class Unanswered extends Error {
  override name = 'Unanswered'
}

/** Requests in a row without an answer after which none is sent any more. */
const patience = 3
/** Ms after a request without an answer: a server that broke may be coming back. */
const recovery = 1000
/** Times that a 429 is waited out, and the longest wait in ms. */
const rateRetries = 3
const longestWait = 5000
const userAgent = 'tailrace-conformance'

/** Sends requests one at a time, some a second, so that no rate limit is what is seen. */
export class Caller {
  readonly http: HttpClient
  readonly #interval: number
  readonly #timeout: number
  #freeAt = 0
  #unanswered = 0
  /** By method, the statuses of the 3xx class that came. */
  readonly redirects: { readonly method: string; readonly status: number }[] = []

  /** `rate` in requests a second, `timeout` in seconds. */
  constructor(http: HttpClient, { rate, timeout }: { rate: number; timeout: number }) {
    this.http = http
    this.#interval = 1000 / rate
    this.#timeout = timeout * 1000
  }

  /** @throws Unanswered, and NotSeen once the server is given up */
  async send(call: Call): Promise<Exchange> {
    for (let retry = 0; ; retry++) {
      const exchange = await this.#once(call)
      if (exchange.status !== 429 || retry === rateRetries) return exchange
      const seconds = Number(exchange.headers['retry-after'] ?? 1)
      await sleep(Math.min(longestWait, Number.isFinite(seconds) ? seconds * 1000 : 1000))
    }
  }

  /** No request is sent any more. */
  get gaveUp(): boolean {
    return this.#unanswered >= patience
  }

  /** Waits for its turn. */
  async turn(): Promise<void> {
    const now = performance.now()
    const at = Math.max(now, this.#freeAt)
    this.#freeAt = at + this.#interval
    if (at > now) await sleep(at - now)
  }

  async #once({ method, url, headers = {}, body }: Call): Promise<Exchange> {
    if (this.gaveUp) throw new NotSeen('the server does not answer any more')
    await this.turn()
    try {
      const response = await this.http.request({
        method,
        url,
        headers: { 'user-agent': userAgent, ...headers },
        body,
        signal: AbortSignal.timeout(this.#timeout),
      })
      this.#unanswered = 0
      const { status } = response
      if (status >= 300 && status < 400 && this.redirects.length < 1000) {
        this.redirects.push({ method, status })
      }
      return { method, url, ...response }
    } catch (cause) {
      this.#unanswered++
      this.#freeAt = performance.now() + recovery
      throw new Unanswered(`${method} was not answered: ${messageOf(cause) || 'refused'}`, {
        cause,
      })
    }
  }
}

/** An address that the server named. @throws NotSeen where it leads nowhere */
export function resolved(reference: string, base: string): string {
  const url = URL.canParse(reference, base) ? new URL(reference, base) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.href
  throw new NotSeen(`an address that cannot be read: ${reference.slice(0, 80)}`)
}

/** `POST 201, content-type: application/sdp`: the headers named, a dash where one is not there. */
export function told({ method, status, headers }: Exchange, ...names: string[]): string {
  return [
    `${method} ${status}`,
    ...names.map((name) => `${name}: ${headerOf(headers, name)}`),
  ].join(', ')
}

function headerOf(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name]
  return lasting(Array.isArray(value) ? value.join(', ') : (value ?? '–'))
}

/** A text without what is another in each run: entity tags, ids, dates, origins. */
function lasting(text: string): string {
  return text
    .replaceAll(/https?:\/\/[^/\s>"]+/g, '')
    .replaceAll(/valid-until="[^"]*"/g, 'valid-until="…"')
    .replaceAll(/^(W\/)?"[^"]*"$/g, '$1"…"')
    .replaceAll(/[\w-]{16,}(?=$|[/>?"\s;,])/g, (id) => (/\d|[A-Z]/.test(id) ? '…' : id))
    .slice(0, 160)
}

export function is4xx({ status }: Exchange): boolean {
  return status >= 400 && status < 500
}

/**
 * Whether a request to a session was refused for what it is.
 * @throws NotSeen where the session was gone
 */
export function isRefused(exchange: Exchange): boolean {
  if (exchange.status === 404) throw new NotSeen('the session was gone')
  return is4xx(exchange)
}

export function is2xx({ status }: Exchange): boolean {
  return status >= 200 && status < 300
}

/** Media type without parameters, in small letters. */
export function typeOf({ headers }: Exchange): string {
  return (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase()
}
