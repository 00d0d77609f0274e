import type { PeerId, PlaneStatistics } from '#native/media-plane.ts'
import type { Path } from '#native/path.ts'
import { TcpConnections, type TcpEvents } from './tcp-connections.ts'
import { type BoundAddress, type SocketEvents, UdpSockets } from './udp-sockets.ts'

/** Free ports of UDP tried until one is free for TCP, too. */
const portsTried = 16

type SendStatistics = Pick<
  PlaneStatistics,
  'datagramsSent' | 'sendErrors' | 'sendDrops' | 'trainsRefused'
>

/** The media port: UDP on every address and, if wanted, TCP on the same number. */
export class MediaSockets {
  readonly #udp: UdpSockets
  readonly #tcp: TcpConnections | undefined
  #framesSent = 0
  #framesDropped = 0
  #framesLost = 0

  private constructor(udp: UdpSockets, tcp: TcpConnections | undefined) {
    this.#udp = udp
    this.#tcp = tcp
  }

  /**
   * @param port 0 takes a free one, the same for every address
   * @param tcp whether to listen for connections, too
   * @throws the system's error (EADDRINUSE …) when an address cannot be bound
   */
  static async open(
    addresses: readonly string[],
    port: number,
    tcp: boolean,
    events: SocketEvents & TcpEvents,
  ): Promise<MediaSockets> {
    for (let attempt = 1; ; attempt++) {
      const udp = await UdpSockets.open(addresses, port, events)
      if (!tcp) return new MediaSockets(udp, undefined)
      try {
        return new MediaSockets(udp, await TcpConnections.open(udp.addresses, events))
      } catch (error) {
        await udp.close()
        if (port !== 0 || attempt === portsTried || !isTaken(error)) throw tcpError(error)
      }
    }
  }

  get addresses(): readonly BoundAddress[] {
    return this.#udp.addresses
  }

  get kernelBuffer(): number {
    return this.#udp.kernelBuffer
  }

  get statistics(): SendStatistics {
    return {
      datagramsSent: this.#udp.sent + this.#framesSent,
      sendErrors: this.#udp.errors + this.#framesLost,
      sendDrops: { late: 0, full: this.#framesDropped },
      trainsRefused: 0,
    }
  }

  /** @param datagram not to be written to until the kernel has it: see `SendRing` */
  send(datagram: Buffer, length: number, path: Path): void {
    if (path.transport === 'udp') {
      this.#udp.send(datagram, length, path)
      return
    }
    const fate = this.#tcp?.send(datagram, length, path) ?? 'gone'
    if (fate === 'taken') this.#framesSent++
    else if (fate === 'dropped') this.#framesDropped++
    else this.#framesLost++
  }

  /** STUN and DTLS: nobody but a peer, by a check that was authentic, is ever answered. */
  sendControl(datagram: Buffer, path: Path): void {
    if (path.transport === 'tcp') this.#tcp?.prove(path)
    this.send(datagram, datagram.length, path)
  }

  /** Whose media goes there from now on. */
  assign(peer: PeerId, path: Path): void {
    if (path.transport === 'tcp') this.#tcp?.assign(path, peer)
  }

  async close(): Promise<void> {
    await Promise.all([this.#udp.close(), this.#tcp?.close()])
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
}

/** So that whoever reads the error knows which of the two ports cannot be had. */
function tcpError(error: unknown): unknown {
  return error instanceof Error ? Object.assign(error, { transport: 'tcp' }) : error
}
