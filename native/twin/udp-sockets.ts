import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Path } from '#native/path.ts'

/** Room for a keyframe storm in both directions; the kernel may cap it. */
const kernelBuffer = 8 * 1024 * 1024
/**
 * Datagrams that may wait in Node for full kernel buffers, all sockets together: half of the slots
 * of a `SendRing`, so that none is written over while it waits.
 */
const maxWaiting = 512

export interface SocketEvents {
  /** Fields instead of a `Path`: most datagrams are media, and need no object made. */
  datagram(datagram: Buffer, address: string, port: number, local: LocalSocket): void
}

export interface BoundAddress {
  readonly address: string
  readonly port: number
}

/** One bound address of ours. Replies leave from the socket that was asked. */
export interface LocalSocket {
  readonly address: string
  readonly family: 4 | 6
  readonly transport: Path['transport']
}

/**
 * The media port, bound once on every given address: dgram cannot tell on which local address
 * a datagram came in (IP_PKTINFO), and a reply from another one is no ICE answer.
 */
export class UdpSockets {
  readonly addresses: readonly BoundAddress[]
  readonly #sockets: ReadonlyMap<string, Socket>
  /** Bytes the kernel granted; smaller than asked for means drops under load. */
  readonly kernelBuffer: number
  #sent = 0
  #errors = 0
  #closed: Promise<void> | undefined

  private constructor(sockets: ReadonlyMap<string, Socket>) {
    this.#sockets = sockets
    this.addresses = [...sockets].map(([address, socket]) => {
      return { address, port: socket.address().port }
    })
    this.kernelBuffer = Math.min(...[...sockets.values()].map((s) => s.getRecvBufferSize()))
  }

  /**
   * @param port 0 takes a free one, the same for every address
   * @throws the system's error (EADDRINUSE …) when an address cannot be bound
   */
  static async open(
    addresses: readonly string[],
    port: number,
    events: SocketEvents,
  ): Promise<UdpSockets> {
    const sockets = new Map<string, Socket>()
    let chosen = port
    try {
      for (const address of addresses) {
        const socket = await bind(address, chosen, events)
        chosen = socket.address().port
        sockets.set(address, socket)
      }
    } catch (error) {
      for (const socket of sockets.values()) socket.close()
      throw error
    }
    return new UdpSockets(sockets)
  }

  get sent(): number {
    return this.#sent
  }

  get errors(): number {
    return this.#errors
  }

  /** @param datagram not to be written to until the kernel has it: see `SendRing` */
  send(datagram: Buffer, length: number, path: Path): void {
    const socket = this.#sockets.get(path.localAddress)
    if (!socket || this.#closed || socket.getSendQueueCount() >= maxWaiting / this.#sockets.size) {
      this.#errors++
      return
    }
    socket.send(datagram, 0, length, path.remotePort, path.remoteAddress)
    this.#sent++
  }

  /** What is sent afterwards is an error counted. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= closeAll([...this.#sockets.values()])
    return this.#closed
  }
}

async function closeAll(sockets: readonly Socket[]): Promise<void> {
  await Promise.all(
    sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))),
  )
}

function bind(address: string, port: number, events: SocketEvents): Promise<Socket> {
  const family = isIPv6(address) ? 6 : 4
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    ...(family === 6 && { ipv6Only: true }),
    // Addresses are numeric; the default lookup would take a turn of the thread pool for each.
    lookup: (host, _options, callback) => callback(null, host, family),
  })
  const local: LocalSocket = { address, family, transport: 'udp' }
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(port, address, () => {
      socket.off('error', reject)
      // An ICMP answer or an unreachable peer shows up here; consent decides about peers.
      socket.on('error', () => {})
      socket.setRecvBufferSize(kernelBuffer)
      socket.setSendBufferSize(kernelBuffer)
      socket.on('message', (datagram, from) => {
        events.datagram(datagram, from.address, from.port, local)
      })
      resolve(socket)
    })
  })
}
