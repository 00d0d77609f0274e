import type {
  MediaPlane,
  MediaPlaneListener,
  PeerId,
  ReceivedBatch,
  Replay,
  TrackFormat,
  TrackId,
} from '#native/media-plane.ts'
import type { Path } from '#native/path.ts'
import type { PacketLogLimits } from '#relay/packet-log.ts'
import { LogFeed } from './log-feed.ts'
import type { PlaneOptions, TestedPlane } from './planes.ts'
import { withRtx } from './received.ts'
import type { PeerOptions, SecuredPeer } from './secured-peer.ts'
import { TcpPeer } from './tcp-peer.ts'
import { UdpPeer } from './udp-peer.ts'
import { until } from './until.ts'
import { Viewer } from './viewer.ts'

/** A packet that the plane announced. */
export interface Announced {
  readonly peer: PeerId
  readonly packet: Buffer
  /** Monotonic ms. */
  readonly arrivedAt: number
}

const bindingRequest = Buffer.from('000100002112a442000000000000000000000000', 'hex')

/** A plane on loopback, the peers around it, and everything it told. */
export class PlaneRig implements MediaPlaneListener {
  plane!: MediaPlane
  readonly announced: Announced[] = []
  readonly controls: { readonly datagram: Buffer; readonly path: Path }[] = []
  readonly compounds: { readonly peer: PeerId; readonly compound: Buffer }[] = []
  /** Events of tracks in their order, as in "started 7". */
  readonly events: string[] = []
  readonly congestions: { readonly peer: PeerId; readonly isCongested: boolean }[] = []
  /** Called with each batch as it is announced. */
  onMedia: (peer: PeerId, batch: ReceivedBatch) => void = () => {}
  readonly #peers: SecuredPeer[] = []
  readonly #faults: unknown[] = []
  #nextPeer = 1

  static async open(tested: TestedPlane, options: PlaneOptions = {}): Promise<PlaneRig> {
    const rig = new PlaneRig()
    rig.plane = await tested.open(rig, options)
    return rig
  }

  get port(): number {
    return this.plane.addresses[0]!.port
  }

  nextPeer(): PeerId {
    return this.#nextPeer++
  }

  /** A peer that the plane does not know. */
  async stranger(options?: PeerOptions): Promise<UdpPeer> {
    const peer = await UdpPeer.open(options)
    this.#peers.push(peer)
    return peer
  }

  /** One that has connected by TCP, and is not more than that. */
  async connected(options?: PeerOptions): Promise<TcpPeer> {
    const peer = await TcpPeer.open(this.port, options)
    this.#peers.push(peer)
    return peer
  }

  /** One that has connected, and whose check was answered. */
  async admitted(options?: PeerOptions): Promise<TcpPeer> {
    const peer = await this.connected(options)
    const before = this.controls.length
    peer.send(bindingRequest)
    await until(() => this.controls.length > before)
    this.plane.sendControl(bindingRequest, peer.path)
    await until(() => peer.control.length > 0)
    return peer
  }

  /** A peer that the plane knows, without a track. */
  async peer(options?: PeerOptions): Promise<{ readonly id: PeerId; readonly peer: UdpPeer }> {
    const peer = await this.stranger(options)
    const id = this.nextPeer()
    this.plane.addPeer(id, peer.keys, peer.path)
    return { id, peer }
  }

  /** A peer that the plane knows, with one track. */
  async viewer(format: TrackFormat = withRtx, options?: PeerOptions): Promise<Viewer> {
    return new Viewer(this.plane, this.nextPeer(), await this.stranger(options), format)
  }

  log(name: string, limits?: PacketLogLimits): LogFeed {
    return new LogFeed(this.plane, name, limits)
  }

  follow(viewer: Viewer, log: LogFeed): void {
    this.plane.follow(viewer.track, log.source)
  }

  /** All that the log holds from an index on leaves at once, unless the options say otherwise. */
  replay(viewer: Viewer, log: LogFeed, from: number, options: Partial<Replay> = {}): void {
    const replay = { from, pace: 100_000, burst: 1_000_000, ...options }
    this.plane.replay(viewer.track, log.source, replay)
  }

  /** Waits until the plane has told of something, once or more often. */
  async told(event: string, track: TrackId, times = 1): Promise<void> {
    const wanted = `${event} ${track}`
    await until(() => this.events.filter((one) => one === wanted).length >= times)
  }

  /** @throws the first nonce used twice, or packet that its peer or `onMedia` could not take */
  check(): void {
    const faults = [...this.#faults, ...this.#peers.flatMap((peer) => peer.faults)]
    if (faults.length > 0) throw faults[0]
  }

  async close(): Promise<void> {
    await this.plane.close()
    for (const peer of this.#peers) peer.close()
  }

  control(datagram: Buffer, path: Path): void {
    this.controls.push({ datagram: Buffer.from(datagram), path: { ...path } })
  }

  media(peer: PeerId, batch: ReceivedBatch): void {
    const { slab, offsets, lengths, arrivedAt, count } = batch
    for (let i = 0; i < count; i++) {
      const packet = Buffer.from(slab.bytes.subarray(offsets[i]!, offsets[i]! + lengths[i]!))
      this.announced.push({ peer, packet, arrivedAt: arrivedAt[i]! })
    }
    // Thrown here it would end a call of the plane, or the process.
    try {
      this.onMedia(peer, batch)
    } catch (fault) {
      this.#faults.push(fault)
    }
  }

  rtcp(peer: PeerId, compound: Buffer): void {
    this.compounds.push({ peer, compound: Buffer.from(compound) })
  }

  starved(track: TrackId): void {
    this.events.push(`starved ${track}`)
  }

  started(track: TrackId): void {
    this.events.push(`started ${track}`)
  }

  caughtUp(track: TrackId): void {
    this.events.push(`caught up ${track}`)
  }

  congested(peer: PeerId, isCongested: boolean): void {
    this.congestions.push({ peer, isCongested })
  }
}
