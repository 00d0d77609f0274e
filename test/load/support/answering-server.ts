import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PeerConnection } from 'node-datachannel'
import { throughAddress, UdpProxy } from '#test/support/udp-proxy.ts'

/** One session as the server of another implementation sees it. */
export interface AnsweredSession {
  readonly offer: string
  readonly userAgent: string
  readonly token: string | undefined
  readonly peer: PeerConnection
  readonly proxy: UdpProxy
  /** Whether a DELETE has come. */
  deleted: boolean
}

export interface AnsweringOptions {
  /** Called before the offer is taken. */
  readonly onPeer: (peer: PeerConnection) => void
  /** Called before the client gets its answer. */
  readonly onSession?: (session: AnsweredSession) => void
}

/**
 * A WHIP and WHEP server on libdatachannel, the library of OBS: a full ICE agent and an independent
 * DTLS and SRTP. Its media passes a proxy that can lose packets.
 */
export class AnsweringServer {
  readonly sessions: AnsweredSession[] = []
  readonly #options: AnsweringOptions
  readonly #http: Server

  private constructor(options: AnsweringOptions) {
    this.#options = options
    this.#http = createServer((request, response) => {
      if (request.method === 'DELETE') {
        const session = this.sessions[Number(request.url?.split('/').at(-1))]
        if (session) session.deleted = true
        response.end()
        return
      }
      void this.#answer(request).then((answer) => {
        response.writeHead(201, {
          'content-type': 'application/sdp',
          location: `/session/${this.sessions.length - 1}`,
        })
        response.end(answer)
      })
    })
  }

  static async start(options: AnsweringOptions): Promise<AnsweringServer> {
    const server = new AnsweringServer(options)
    await new Promise<void>((resolve) => server.#http.listen(0, '127.0.0.1', resolve))
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/whip/test`
  }

  async close(): Promise<void> {
    for (const { peer, proxy } of this.sessions) {
      peer.close()
      await proxy.close()
    }
    this.#http.closeAllConnections()
    await new Promise((resolve) => this.#http.close(resolve))
  }

  async #answer(request: IncomingMessage): Promise<string> {
    const offer = await bodyOf(request)
    const peer = new PeerConnection('server', { iceServers: [], bindAddress: '127.0.0.1' })
    this.#options.onPeer(peer)
    const gathered = Promise.withResolvers<void>()
    peer.onGatheringStateChange((state) => state === 'complete' && gathered.resolve())
    peer.setRemoteDescription(offer, 'offer')
    await gathered.promise
    const answer = peer.localDescription()!.sdp
    const [, port] = /a=candidate:\S+ 1 UDP \d+ 127\.0\.0\.1 (\d+) /i.exec(answer)!
    const proxy = await UdpProxy.open({ address: '127.0.0.1', port: Number(port) })
    const { authorization } = request.headers
    const session: AnsweredSession = {
      offer,
      userAgent: request.headers['user-agent'] ?? '',
      token: authorization?.replace('Bearer ', ''),
      peer,
      proxy,
      deleted: false,
    }
    this.sessions.push(session)
    this.#options.onSession?.(session)
    return throughAddress(answer, proxy.address)
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}
