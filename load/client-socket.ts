import { createSocket, type Socket } from 'node:dgram'
import type { Endpoint } from './ice-client.ts'

/** Room for a replay's burst while the event loop is busy; the kernel may cap it. */
const receiveBuffer = 1024 * 1024

export interface DatagramReceiver {
  /**
   * @param datagram borrowed for the call
   * @param now monotonic ms at which it came
   */
  datagram(datagram: Buffer, from: Endpoint, now: number): void
}

/** The UDP socket of one client, on a port of its own. */
export interface ClientChannel {
  /** @param datagram not to be written to until the kernel has it: see `SendRing` */
  send(datagram: Buffer, length: number, address: string, port: number): void
  close(): void
}

/** A channel over `node:dgram`. */
export class ClientSocket implements ClientChannel {
  readonly #socket: Socket
  #closed = false

  private constructor(socket: Socket) {
    this.#socket = socket
  }

  /** @throws the system's error when no socket is to be had (EMFILE …) */
  static open(family: 4 | 6, receiver: DatagramReceiver): Promise<ClientSocket> {
    const socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      // Candidates are numeric; the default lookup would take a turn of the thread pool for each.
      lookup: (host, _options, callback) => callback(null, host, family),
    })
    return new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.bind(0, () => {
        socket.off('error', reject)
        // Unreachable peers show up here as well; checks and consent decide about those.
        socket.on('error', () => {})
        socket.setRecvBufferSize(receiveBuffer)
        socket.on('message', (datagram, from) => {
          receiver.datagram(datagram, from, performance.now())
        })
        resolve(new ClientSocket(socket))
      })
    })
  }

  send(datagram: Buffer, length: number, address: string, port: number): void {
    if (!this.#closed) this.#socket.send(datagram, 0, length, port, address)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#socket.close()
  }
}
