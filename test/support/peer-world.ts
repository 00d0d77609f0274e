import { type Path, pathKey } from '#native/path.ts'
import { createCertificate } from '#webrtc/dtls/certificate.ts'
import { Peers } from '#webrtc/peers.ts'
import { RecordingPlane } from './recording-plane.ts'
import type { RemotePeer } from './remote-peer.ts'
import { SimulatedClock, SimulatedScheduler } from './simulated-time.ts'

interface InFlight {
  readonly at: number
  arrive(): void
}

const certificate = createCertificate(Date.UTC(2026, 0, 1))

/** Our peers, remote ones, and the network between them, in simulated time. */
export class PeerWorld {
  readonly clock = new SimulatedClock()
  readonly scheduler = new SimulatedScheduler(this.clock)
  readonly plane = new RecordingPlane()
  readonly peers: Peers
  readonly remotes: RemotePeer[] = []
  /** One way, in ms. */
  delay = 20
  /** Decides which datagrams are lost. */
  loses: (way: 'in' | 'out', datagram: Buffer) => boolean = () => false
  #inFlight: InFlight[] = []

  constructor() {
    this.peers = new Peers({
      plane: this.plane,
      certificate,
      candidates: this.plane.addresses.map((at) => ({ transport: 'udp', ...at })),
      scheduler: this.scheduler,
      clock: this.clock,
    })
  }

  get now(): number {
    return this.clock.now()
  }

  add(remote: RemotePeer): RemotePeer {
    this.remotes.push(remote)
    return remote
  }

  /** Lets time pass. @param ms as long as it takes to happen, or for so long */
  run(ms: number): void {
    this.runUntil(() => false, this.now + ms)
  }

  /** Lets time pass until it holds. @param latest monotonic ms to give up at */
  runUntil(condition: () => boolean, latest = this.now + 60_000): void {
    this.#collect()
    while (!condition()) {
      const next = this.#nextEvent
      if (next > latest) {
        this.clock.time = Math.max(this.now, latest)
        return
      }
      this.clock.time = Math.max(this.now, next)
      this.#step()
    }
  }

  #step(): void {
    const due = this.#inFlight.filter(({ at }) => at <= this.now)
    this.#inFlight = this.#inFlight.filter(({ at }) => at > this.now)
    for (const { arrive } of due) arrive()
    this.scheduler.pollDue()
    for (const remote of this.remotes) if (remote.nextTimeout <= this.now) remote.poll(this.now)
    this.#collect()
  }

  get #nextEvent(): number {
    return Math.min(
      this.scheduler.nextTimeout,
      ...this.remotes.map(({ nextTimeout }) => nextTimeout),
      ...this.#inFlight.map(({ at }) => at),
    )
  }

  #collect(): void {
    for (const { datagram, path } of this.plane.takeControl()) this.#send('out', datagram, path)
    for (const remote of this.remotes) {
      for (const { datagram, path } of remote.takeDatagrams()) this.#send('in', datagram, path)
    }
  }

  #send(way: 'in' | 'out', datagram: Buffer, path: Path): void {
    if (this.loses(way, datagram)) return
    const arrive =
      way === 'in'
        ? () => this.peers.receive(datagram, path)
        : () => {
            for (const remote of this.remotes) {
              if (pathKey(remote.path) === pathKey(path)) remote.receive(datagram, this.now)
            }
          }
    this.#inFlight.push({ at: this.now + this.delay, arrive })
  }
}
