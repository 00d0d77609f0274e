import { once } from 'node:events'
import { connect, isIPv6, type Socket } from 'node:net'
import { framed, TcpFrames } from '#native/twin/tcp-frames.ts'
import { type PeerOptions, SecuredPeer } from './secured-peer.ts'

/** A peer that has connected to the plane: frames of RFC 4571 both ways. */
export class TcpPeer extends SecuredPeer {
  readonly #socket: Socket
  readonly #frames = new TcpFrames()
  /** Whether the plane has ended the connection. */
  ended = false

  private constructor(socket: Socket, options: PeerOptions) {
    const { localAddress: remoteAddress, localPort: remotePort, remoteAddress: local } = socket
    const family = isIPv6(local!) ? 6 : 4
    super(
      {
        transport: 'tcp',
        family,
        remoteAddress: remoteAddress!,
        remotePort: remotePort!,
        localAddress: local!,
      },
      options,
    )
    this.#socket = socket
    socket.on('data', (bytes) => {
      const goesOn = this.#frames.take(bytes, (frame) => {
        this.take(Buffer.from(frame), local!, socket.remotePort ?? 0)
        return true
      })
      if (!goesOn) this.faults.push(new Error('the plane sent no frame'))
    })
    socket.on('close', () => {
      this.ended = true
    })
    socket.on('error', () => {})
  }

  static async open(port: number, options: PeerOptions = {}): Promise<TcpPeer> {
    const { address = '127.0.0.1', port: localPort } = options
    const from = { localAddress: address, ...(localPort && { localPort }) }
    const socket = connect({ port, host: address, noDelay: true, ...from })
    await once(socket, 'connect')
    return new TcpPeer(socket, options)
  }

  send(datagram: Buffer): void {
    this.write(framed(datagram))
  }

  /** Bytes of the stream, as they are. */
  write(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  /** Takes nothing more from the kernel, until it does again. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  close(): void {
    this.#socket.destroy()
  }
}
