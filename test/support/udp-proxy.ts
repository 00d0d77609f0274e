import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'

export type Direction = 'to-server' | 'to-client'

/** What RFC 7983 tells from the first byte; RTCP apart from RTP by RFC 5761 §4. */
export type DatagramKind = 'stun' | 'dtls' | 'rtp' | 'rtcp' | 'other'

export interface Passing {
  readonly direction: Direction
  readonly kind: DatagramKind
  /** How many of this kind passed in this direction before, of all clients. */
  readonly index: number
  readonly datagram: Buffer
}

interface Client {
  readonly remote: RemoteInfo
  upstream: Socket
}

function datagramKind(datagram: Buffer): DatagramKind {
  const first = datagram[0] ?? 255
  if (first < 4) return 'stun'
  if (first >= 20 && first < 64) return 'dtls'
  if (first < 128 || first >= 192) return 'other'
  const second = datagram[1] ?? 0
  return second >= 192 && second < 224 ? 'rtcp' : 'rtp'
}

/** The answer with the proxy's address in place of all candidates of the server. */
export function throughAddress(
  answer: string,
  { address, port }: { readonly address: string; readonly port: number },
): string {
  let first = true
  return answer.replaceAll(/a=candidate:.*\r\n/g, () => {
    if (!first) return ''
    first = false
    return `a=candidate:1 1 udp 2130706431 ${address} ${port} typ host\r\n`
  })
}

/**
 * Stands between clients and the server's media port, changes nothing, and drops what it is told.
 *
 * Each client gets a socket of its own towards the server, so the server sees as many
 * addresses as without it.
 */
export class UdpProxy {
  readonly #server: { readonly address: string; readonly port: number }
  readonly #socket: Socket
  readonly #clients = new Map<string, Client>()
  readonly #passed = new Map<string, number>()
  #drop: (passing: Passing) => boolean = () => false
  #watch: (passing: Passing) => void = () => undefined

  private constructor(server: { readonly address: string; readonly port: number }) {
    this.#server = server
    this.#socket = this.#open()
    this.#socket.on('message', (datagram, remote) => {
      this.#pass('to-server', datagram, this.#client(remote))
    })
  }

  static async open(server: {
    readonly address: string
    readonly port: number
  }): Promise<UdpProxy> {
    const proxy = new UdpProxy(server)
    proxy.#socket.bind(0, server.address)
    await once(proxy.#socket, 'listening')
    return proxy
  }

  /** Where clients reach the proxy. */
  get address(): { readonly address: string; readonly port: number } {
    return this.#socket.address()
  }

  /** From now on, what `rule` says yes to does not arrive. */
  dropWhen(rule: (passing: Passing) => boolean): void {
    this.#drop = rule
  }

  /** Sees everything that passes, dropped or not. */
  onPassing(watch: (passing: Passing) => void): void {
    this.#watch = watch
  }

  /** Sends a datagram to the server from the address of the client that came last. */
  inject(datagram: Buffer): void {
    const client = [...this.#clients.values()].at(-1)
    if (!client) throw new Error('no client has come to the proxy yet')
    client.upstream.send(datagram, this.#server.port, this.#server.address)
  }

  /** Gives every client another address towards the server, as a router that forgot it does. */
  rebind(): void {
    for (const client of this.#clients.values()) {
      client.upstream.close()
      client.upstream = this.#open()
      this.#listen(client)
    }
  }

  async close(): Promise<void> {
    const sockets = [this.#socket, ...[...this.#clients.values()].map(({ upstream }) => upstream)]
    await Promise.all(
      sockets.map(async (socket) => {
        const closed = once(socket, 'close')
        socket.close()
        await closed
      }),
    )
  }

  #client(remote: RemoteInfo): Client {
    const key = `${remote.address} ${remote.port}`
    const known = this.#clients.get(key)
    if (known) return known
    const client = { remote, upstream: this.#open() }
    this.#listen(client)
    this.#clients.set(key, client)
    return client
  }

  #listen(client: Client): void {
    client.upstream.on('message', (datagram) => this.#pass('to-client', datagram, client))
  }

  #open(): Socket {
    const socket = createSocket(isIPv6(this.#server.address) ? 'udp6' : 'udp4')
    // A client that has gone is no fault of the proxy.
    socket.on('error', () => undefined)
    return socket
  }

  #pass(direction: Direction, datagram: Buffer, client: Client): void {
    const kind = datagramKind(datagram)
    const name = `${direction} ${kind}`
    const index = this.#passed.get(name) ?? 0
    this.#passed.set(name, index + 1)
    const passing = { direction, kind, index, datagram }
    this.#watch(passing)
    if (this.#drop(passing)) return
    if (direction === 'to-server') {
      client.upstream.send(datagram, this.#server.port, this.#server.address)
    } else {
      this.#socket.send(datagram, client.remote.port, client.remote.address)
    }
  }
}
