import { createSocket, type Socket } from 'node:dgram'
import { EventEmitter, once } from 'node:events'
import { performance } from 'node:perf_hooks'
import type { DtlsTransport } from '#webrtc/dtls/dtls-transport.ts'

const loopback = '127.0.0.1'

/** Runs a `DtlsTransport` over a real UDP socket on loopback, against one peer. */
export class DtlsSocket implements AsyncDisposable {
  readonly transport: DtlsTransport
  readonly #socket: Socket
  readonly #changed = new EventEmitter<{ change: [] }>()
  #peerPort: number | undefined
  #timer: NodeJS.Timeout | undefined

  private constructor(transport: DtlsTransport, socket: Socket) {
    this.transport = transport
    this.#socket = socket
    socket.on('message', (datagram, { port }) => {
      this.#peerPort ??= port
      transport.receive(datagram, performance.now())
      this.#flush()
    })
  }

  static async open(transport: DtlsTransport): Promise<DtlsSocket> {
    const socket = createSocket('udp4')
    socket.bind(0, loopback)
    await once(socket, 'listening')
    return new DtlsSocket(transport, socket)
  }

  get port(): number {
    return this.#socket.address().port
  }

  /** @param peerPort where a client sends; a server answers whoever comes first */
  start(peerPort?: number): void {
    this.#peerPort = peerPort
    this.transport.start(performance.now())
    this.#flush()
  }

  close(): void {
    this.transport.close(performance.now())
    this.#flush()
  }

  /** Waits for something about the transport to become true. */
  async until(condition: (transport: DtlsTransport) => boolean): Promise<void> {
    while (!condition(this.transport)) await once(this.#changed, 'change')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer)
    this.#socket.close()
    await once(this.#socket, 'close')
  }

  #flush(): void {
    for (const datagram of this.transport.takeDatagrams()) {
      this.#socket.send(datagram, this.#peerPort, loopback)
    }
    this.#changed.emit('change')
    clearTimeout(this.#timer)
    const { nextTimeout } = this.transport
    if (nextTimeout === Number.POSITIVE_INFINITY) return
    const wait = Math.max(0, nextTimeout - performance.now())
    this.#timer = setTimeout(() => {
      this.transport.poll(performance.now())
      this.#flush()
    }, wait)
  }
}
