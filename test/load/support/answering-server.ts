import { type ChildProcess, fork } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Passing, throughAddress, UdpProxy } from '#test/support/udp-proxy.ts'
import type { PeerEvent, PeerRequest } from './answering-messages.ts'

export interface AnsweringOptions {
  /** Whether it sends video to a viewer, or takes what a publisher sends. */
  readonly sends: boolean
  /** What is to be lost on its way. */
  readonly drop: (passing: Passing) => boolean
}

/**
 * A WHIP or WHEP server for one session, whose peer is libdatachannel: see `answering-peer.ts`.
 * Its media passes a proxy that can lose packets.
 */
export class AnsweringServer {
  /** Headers of the POST. */
  userAgent = ''
  authorization = ''
  /** Whether the session was DELETEd. */
  deleted = false
  readonly #options: AnsweringOptions
  readonly #events = new EventEmitter<{
    [K in PeerEvent['kind']]: [Extract<PeerEvent, { kind: K }>]
  }>()
  readonly #http = createServer((request, response) => {
    if (request.method === 'DELETE') {
      this.deleted = true
      response.end()
      return
    }
    void this.#answer(request).then((answer) => {
      response.writeHead(201, { 'content-type': 'application/sdp', location: '/session/1' })
      response.end(answer)
    })
  })
  readonly #child: ChildProcess
  #proxy: UdpProxy | undefined

  private constructor(options: AnsweringOptions) {
    this.#options = options
    this.#child = fork(join(import.meta.dirname, 'answering-peer.ts'), {
      serialization: 'advanced',
      execArgv: [],
    })
    this.#child.on('message', (event: PeerEvent) => this.#events.emit(event.kind, event as never))
  }

  static async start(options: AnsweringOptions): Promise<AnsweringServer> {
    const server = new AnsweringServer(options)
    server.#http.listen(0, '127.0.0.1')
    await once(server.#http, 'listening')
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/stream`
  }

  /** Calls back for every plain RTP and RTCP packet of the client. */
  onPacket(take: (mid: string, datagram: Buffer) => void): void {
    this.#events.on('packet', ({ mid, datagram }) => take(mid, Buffer.from(datagram)))
  }

  /** Done when video can be sent. */
  async opened(): Promise<void> {
    await once(this.#events, 'open')
  }

  /** @param datagram plain RTP or RTCP of the video track */
  send(datagram: Buffer): void {
    this.#tell({ kind: 'send', datagram })
  }

  async close(): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#tell({ kind: 'close' })
    await ended
    await this.#proxy?.close()
    this.#http.closeAllConnections()
    this.#http.close()
  }

  async #answer(request: IncomingMessage): Promise<string> {
    this.userAgent = request.headers['user-agent'] ?? ''
    this.authorization = request.headers.authorization ?? ''
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const answered = once(this.#events, 'answer')
    const sdp = Buffer.concat(parts).toString()
    this.#tell({ kind: 'offer', sdp, sends: this.#options.sends })
    const [answer] = (await answered) as [Extract<PeerEvent, { kind: 'answer' }>]
    const [, port] = /a=candidate:\S+ 1 UDP \d+ 127\.0\.0\.1 (\d+) /i.exec(answer.sdp)!
    this.#proxy = await UdpProxy.open({ address: '127.0.0.1', port: Number(port) })
    this.#proxy.dropWhen(this.#options.drop)
    return throughAddress(answer.sdp, this.#proxy.address)
  }

  #tell(request: PeerRequest): void {
    this.#child.send(request)
  }
}
