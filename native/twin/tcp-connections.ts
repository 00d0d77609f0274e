import { createServer, isIPv6, type Server, type Socket } from 'node:net'
import { classify } from '#native/demux.ts'
import type { PeerId } from '#native/media-plane.ts'
import { type Path, pathKey } from '#native/path.ts'
import { framed, TcpFrames } from './tcp-frames.ts'
import { TcpGuests } from './tcp-guests.ts'
import type { BoundAddress, LocalSocket } from './udp-sockets.ts'

/** Bytes that may wait for one connection: half a second of 4 Mbit/s. */
const maxBacklog = 256 * 1024
/** Of these, what only STUN, DTLS and RTCP may use. */
const controlBacklog = 16 * 1024
/** How long a connection may be nobody's, in ms. */
const unprovedTime = 10_000
/** Silence after which a peer's is none any more, in ms: longer than consent lasts. */
const silentTime = 45_000
/** How long the kernel may take nothing, and how long media may be dropped, in ms. */
const stalledAfter = 10_000
const sweepInterval = 1000

export interface TcpEvents {
  /** One frame: what a datagram would have held. Borrowed. */
  datagram(frame: Buffer, address: string, port: number, local: LocalSocket): void
  congested(peer: PeerId, isCongested: boolean): void
}

/** What became of a frame: it left or will, too much waits already, there is no connection. */
export type FrameFate = 'taken' | 'dropped' | 'gone'

interface Guest {
  readonly socket: Socket
  readonly key: string
  readonly address: string
  readonly frames: TcpFrames
  /** Monotonic ms. */
  readonly acceptedAt: number
  heardAt: number
  hasSpoken: boolean
  peer: PeerId
  /** Monotonic ms since when media is dropped; NaN while it is not. */
  congestedAt: number
  /** Bytes that the kernel has taken, as of the last change seen. */
  progress: { bytes: number; at: number }
}

/**
 * The media port over TCP: passive candidates (RFC 6544), frames of RFC 4571. Everybody may
 * connect; who is not a peer's within ten seconds, says anything but STUN first, or sends what is
 * no frame has to go, and so has who is silent for longer than consent lasts.
 */
export class TcpConnections {
  readonly #events: TcpEvents
  readonly #servers: Server[] = []
  readonly #guests = new Map<string, Guest>()
  /** By the objects that the plane sends to: no key has to be made for each packet. */
  readonly #byPath = new WeakMap<Path, Guest>()
  readonly #peers = new WeakMap<Path, PeerId>()
  readonly #admission = new TcpGuests<Guest>()
  readonly #sweeps: NodeJS.Timeout

  private constructor(events: TcpEvents) {
    this.#events = events
    this.#sweeps = setInterval(() => this.#sweep(performance.now()), sweepInterval)
  }

  /** @throws the system's error (EADDRINUSE …) when an address cannot be bound */
  static async open(
    addresses: readonly BoundAddress[],
    events: TcpEvents,
  ): Promise<TcpConnections> {
    const connections = new TcpConnections(events)
    try {
      for (const { address, port } of addresses) await connections.#listen(address, port)
    } catch (error) {
      await connections.close()
      throw error
    }
    return connections
  }

  /** A peer's authenticated check came there: it may stay. */
  prove(path: Path): void {
    const guest = this.#guestOf(path)
    if (guest) this.#admission.prove(guest)
  }

  /** Whose media goes there. */
  assign(path: Path, peer: PeerId): void {
    this.#peers.set(path, peer)
    const guest = this.#guestOf(path)
    if (guest) guest.peer = peer
  }

  /** @param datagram copied: it leaves as one frame, whole or not at all */
  send(datagram: Buffer, length: number, path: Path): FrameFate {
    const guest = this.#guestOf(path)
    if (!guest || guest.socket.destroyed) return 'gone'
    const isMedia = classify(datagram.subarray(0, length)) === 'rtp'
    const isCongested = !Number.isNaN(guest.congestedAt)
    if (isMedia && isCongested) return 'dropped'
    const bound = isMedia ? maxBacklog - controlBacklog : maxBacklog
    if (guest.socket.writableLength + length > bound) {
      if (isMedia) {
        guest.congestedAt = performance.now()
        if (guest.peer) this.#events.congested(guest.peer, true)
      }
      return 'dropped'
    }
    guest.socket.write(framed(datagram, length))
    return 'taken'
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeps)
    for (const { socket } of this.#guests.values()) {
      // A goodbye that waits behind what nobody reads would be waited for, too.
      if (socket.writableLength > 0) socket.destroy()
      else socket.destroySoon()
    }
    await Promise.all(
      this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    )
  }

  #listen(address: string, port: number): Promise<void> {
    const local: LocalSocket = { address, family: isIPv6(address) ? 6 : 4, transport: 'tcp' }
    const server = createServer({ noDelay: true }, (socket) => this.#enter(socket, local))
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host: address, port, ipv6Only: local.family === 6 }, () => {
        server.off('error', reject)
        // Connections that cannot be accepted, for want of descriptors: the next ones may be.
        server.on('error', () => {})
        this.#servers.push(server)
        resolve()
      })
    })
  }

  #enter(socket: Socket, local: LocalSocket): void {
    const { remoteAddress: address, remotePort: port } = socket
    // An error shows up as the end, which follows it.
    socket.on('error', () => {})
    if (address === undefined || port === undefined || !this.#admission.welcomes(address)) {
      socket.resetAndDestroy()
      return
    }
    const oldest = this.#admission.oldestUnproved
    if (oldest) this.#remove(oldest)
    const key = keyOf(address, port, local.address)
    const predecessor = this.#guests.get(key)
    if (predecessor) this.#remove(predecessor)
    const now = performance.now()
    const guest: Guest = {
      socket,
      key,
      address,
      frames: new TcpFrames(),
      acceptedAt: now,
      heardAt: now,
      hasSpoken: false,
      peer: 0,
      congestedAt: Number.NaN,
      progress: { bytes: 0, at: now },
    }
    this.#admission.enter(guest)
    this.#guests.set(key, guest)
    socket.on('data', (bytes) => {
      guest.heardAt = performance.now()
      const goesOn = guest.frames.take(bytes, (frame) => {
        if (!this.#isWelcome(guest, frame)) return false
        this.#events.datagram(frame, address, port, local)
        return !socket.destroyed
      })
      if (!goesOn) this.#remove(guest)
    })
    socket.on('drain', () => this.#drained(guest))
    socket.on('close', () => this.#remove(guest))
  }

  // ICE-78: strangers are listened to as long as they speak as peers do.
  #isWelcome(guest: Guest, frame: Buffer): boolean {
    const kind = classify(frame)
    if (!guest.hasSpoken) {
      guest.hasSpoken = true
      return kind === 'stun'
    }
    return kind === 'stun' || kind === 'dtls' || this.#admission.isProved(guest)
  }

  #drained(guest: Guest): void {
    if (Number.isNaN(guest.congestedAt)) return
    guest.congestedAt = Number.NaN
    if (guest.peer) this.#events.congested(guest.peer, false)
  }

  #sweep(now: number): void {
    for (const guest of this.#guests.values()) {
      const { acceptedAt, heardAt, congestedAt } = guest
      const isNobodys = !this.#admission.isProved(guest) && now - acceptedAt > unprovedTime
      const isSilent = now - heardAt > silentTime
      const hasStalled = isStuck(guest, now) || now - congestedAt > stalledAfter
      if (isNobodys || isSilent || hasStalled) this.#remove(guest)
    }
  }

  #remove(guest: Guest): void {
    if (this.#guests.get(guest.key) !== guest) return
    this.#guests.delete(guest.key)
    this.#admission.leave(guest)
    guest.socket.resetAndDestroy()
  }

  #guestOf(path: Path): Guest | undefined {
    const known = this.#byPath.get(path)
    if (known && !known.socket.destroyed) return known
    // A path may outlive its connection, where the next one comes from the same port.
    const guest = this.#guests.get(pathKey(path))
    if (!guest) return undefined
    this.#byPath.set(path, guest)
    guest.peer ||= this.#peers.get(path) ?? 0
    return guest
  }
}

function keyOf(remoteAddress: string, remotePort: number, localAddress: string): string {
  return pathKey({ transport: 'tcp', family: 4, remoteAddress, remotePort, localAddress })
}

function isStuck({ socket, progress }: Guest, now: number): boolean {
  const bytes = socket.bytesWritten - socket.writableLength
  if (bytes !== progress.bytes || socket.writableLength === 0) {
    progress.bytes = bytes
    progress.at = now
  }
  return now - progress.at > stalledAfter
}
