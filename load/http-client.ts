import { readFileSync } from 'node:fs'
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import { rootCertificates } from 'node:tls'
import { messageOf } from '#core/errors.ts'
import { UsageError } from './arguments.ts'

export interface HttpClientOptions {
  /** Takes any certificate. */
  readonly insecure?: boolean
  /** File of certificates (PEM) to trust besides those that Node knows. */
  readonly ca?: string | undefined
}

export interface HttpRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
  readonly signal: AbortSignal
}

export interface HttpResponse {
  readonly status: number
  /** The words behind the status. */
  readonly reason: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** No answer and no refusal is longer. */
const maxBody = 1024 * 1024

/**
 * HTTP and HTTPS over kept connections. Not `fetch`: that has no way to name a certificate, and
 * takes three times the CPU, of which a load tool should take little.
 */
export class HttpClient {
  readonly #agent = new Agent({ keepAlive: true })
  readonly #tlsAgent: TlsAgent

  /** @throws UsageError when the certificates cannot be read */
  constructor({ insecure = false, ca }: HttpClientOptions = {}) {
    this.#tlsAgent = new TlsAgent({
      keepAlive: true,
      // Otherwise NODE_TLS_REJECT_UNAUTHORIZED decides: the demo's parent sets it.
      ...(insecure && { rejectUnauthorized: false }),
      ...(ca !== undefined && { ca: [...rootCertificates, readCertificates(ca)] }),
    })
  }

  /** @throws the system's error, or an AbortError; redirects are answers like others */
  async request(request: HttpRequest): Promise<HttpResponse> {
    const response = await this.open(request)
    return {
      status: response.statusCode ?? 0,
      reason: response.statusMessage ?? '',
      headers: response.headers,
      body: await readBody(response),
    }
  }

  /** Resolves with the headers; the body is the caller's to read. @throws as `request` */
  async open({ method, url, headers, body, signal }: HttpRequest): Promise<IncomingMessage> {
    const target = new URL(url)
    const isTls = target.protocol === 'https:'
    const answered = Promise.withResolvers<IncomingMessage>()
    const options = {
      method,
      signal,
      agent: isTls ? this.#tlsAgent : this.#agent,
      headers: { ...headers, 'content-length': Buffer.byteLength(body ?? '') },
    }
    const sent = isTls ? tlsRequest(target, options) : request(target, options)
    sent.on('response', answered.resolve).on('error', answered.reject).end(body)
    return answered.promise
  }

  /** Closes the connections that are kept. */
  close(): void {
    this.#agent.destroy()
    this.#tlsAgent.destroy()
  }
}

async function readBody(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of response as AsyncIterable<Buffer>) {
    size += part.length
    if (size > maxBody) throw new Error(`the answer is longer than ${maxBody} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}

function readCertificates(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new UsageError(`--ca ${path} cannot be read: ${messageOf(cause)}`, { cause })
  }
}
