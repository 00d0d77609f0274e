import type { ClientContext } from '#load/client-connection.ts'
import type { IceCredentials } from '#load/ice-client.ts'
import { type Caller, type Exchange, resolved } from './caller.ts'
import { LivePeer } from './live-peer.ts'
import { type FragmentParts, newCredentials, writeFragment } from './offers.ts'
import { bundleOf, readSdp, values } from './sdp-text.ts'

export const fragmentType = 'application/trickle-ice-sdpfrag'

export interface SessionParts {
  readonly caller: Caller
  readonly context: ClientContext
  readonly token: string | undefined
  /** The POST, and the offer that it carried; '' where it was empty. */
  readonly posted: Exchange
  readonly offer: string
  readonly local: IceCredentials
}

export interface Patch {
  /** `undefined` sends none. */
  readonly ifMatch?: string | undefined
  readonly type?: string
}

/** A session that a check made; whoever makes one ends it. */
export class OpenSession {
  readonly #parts: SessionParts
  readonly location: string
  readonly local: IceCredentials
  readonly #openedAt = performance.now()
  #peer: Promise<LivePeer> | undefined
  /** Of the newest ICE generation, as far as we were told. */
  etag: string | undefined

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.local = parts.local
    const { headers, url } = parts.posted
    this.location = resolved(headers.location ?? '', url)
    this.etag = headers.etag
  }

  get posted(): Exchange {
    return this.#parts.posted
  }

  /** The server's SDP. */
  get answer(): string {
    return this.#parts.posted.body
  }

  /** The newest tag, if it is one that may stand in If-Match. */
  get strongTag(): string | undefined {
    return this.etag !== undefined && /^"[^"]*"$/.test(this.etag) ? this.etag : undefined
  }

  /** @param headers an empty `authorization` leaves out the token */
  send(method: string, headers: Record<string, string> = {}, body?: string): Promise<Exchange> {
    return this.call(this.location, method, headers, body)
  }

  /** To another address of the session's, with its token. */
  call(
    url: string,
    method: string,
    headers: Record<string, string> = {},
    body?: string,
  ): Promise<Exchange> {
    const { caller, token } = this.#parts
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
    return caller.send({ method, url, headers: { ...authorization, ...headers }, body })
  }

  patch(body: string, { ifMatch, type = fragmentType }: Patch = {}): Promise<Exchange> {
    const match = ifMatch === undefined ? {} : { 'if-match': ifMatch }
    return this.send('PATCH', { 'content-type': type, ...match }, body)
  }

  /** Candidates for the present generation, under the tag that the server gave it. */
  trickle(lines?: readonly string[]): Promise<Exchange> {
    return this.patch(this.fragment({ ...(lines && { lines }) }), { ifMatch: this.strongTag })
  }

  /** A fragment of the first section of the bundle. */
  fragment(parts: Partial<FragmentParts> = {}): string {
    const { session, media } = readSdp(this.#parts.offer || this.answer)
    const group = bundleOf({ session, media })
    const tagged = media.find((section) => values(section, 'mid')[0] === group[0]) ?? media[0] ?? []
    return writeFragment({
      credentials: this.local,
      heading: tagged[0] ?? 'm=audio 9 UDP/TLS/RTP/SAVPF 0',
      mid: values(tagged, 'mid')[0] ?? '0',
      group,
      ...parts,
    })
  }

  /** Asks for an ICE restart. */
  async restart(ifMatch = '*'): Promise<Restart> {
    const credentials = newCredentials()
    const exchange = await this.patch(this.fragment({ credentials }), { ifMatch })
    if (exchange.status === 200) this.etag = exchange.headers.etag
    return { exchange, credentials }
  }

  /** The media side, made when first asked for. @throws NotSeen */
  peer(): Promise<LivePeer> {
    this.#peer ??= this.#connect()
    return this.#peer
  }

  /** Ms since its 201. */
  get age(): number {
    return performance.now() - this.#openedAt
  }

  /** Whether its media side was asked for. */
  get hasMedia(): boolean {
    return this.#peer !== undefined
  }

  async #connect(): Promise<LivePeer> {
    const { context, local, posted } = this.#parts
    const peer = await LivePeer.open({ context, local, remote: this.answer, url: posted.url })
    await peer.connected()
    return peer
  }

  async delete(headers: Record<string, string> = {}): Promise<Exchange> {
    return this.send('DELETE', headers)
  }

  /** Gives back what it holds; to be called after every check. */
  async close(): Promise<void> {
    const peer = await this.#peer?.catch(() => undefined)
    await this.delete().catch(() => undefined)
    peer?.close()
  }
}

export interface Restart {
  readonly exchange: Exchange
  /** Ours of the new generation. */
  readonly credentials: IceCredentials
}
