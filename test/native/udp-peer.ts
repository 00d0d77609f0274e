import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { type PeerOptions, SecuredPeer } from './secured-peer.ts'

/** Room for a burst that comes while the test does something else, in bytes; Linux may cap it. */
const kernelBuffer = 4 * 1024 * 1024

/** A peer that sends datagrams. */
export class UdpPeer extends SecuredPeer {
  readonly #socket: Socket
  #closed = false

  private constructor(socket: Socket, options: PeerOptions) {
    const { address, port } = socket.address()
    const family = isIPv6(address) ? 6 : 4
    const remote = { remoteAddress: address, remotePort: port, localAddress: address }
    super({ transport: 'udp', family, ...remote }, options)
    this.#socket = socket
    socket.on('message', (datagram, from) => this.take(datagram, from.address, from.port))
  }

  static async open(options: PeerOptions = {}): Promise<UdpPeer> {
    const { address = '127.0.0.1' } = options
    const family = isIPv6(address) ? 6 : 4
    const socket = createSocket({
      type: `udp${family}`,
      // Sends at once: the default lookup would take a turn, for an address.
      lookup: (host, _options, callback) => callback(null, host, family),
    })
    const listening = once(socket, 'listening')
    socket.bind(0, address)
    await listening
    socket.setRecvBufferSize(kernelBuffer)
    return new UdpPeer(socket, options)
  }

  send(datagram: Buffer, port: number, address = this.path.localAddress): void {
    this.#socket.send(datagram, port, address)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#socket.close()
  }
}
