import { randomInt } from 'node:crypto'
import type {
  LinkRun,
  LogClock,
  LogId,
  MediaPlane,
  MediaPlaneListener,
  PeerId,
  PeerOptions,
  PlaneStatistics,
  Probe,
  Replay,
  TrackFormat,
  TrackId,
  TrackSource,
  TrackStatistics,
} from '#native/media-plane.ts'
import type { PacketStore } from '#native/packet-store.ts'
import type { Path } from '#native/path.ts'
import { SlabPool } from '#native/slab.ts'
import type { SrtpKeys } from '#native/srtp-keys.ts'
import type { FeedbackDigest } from '#rtp/congestion/feedback-digest.ts'
import { Incoming } from './incoming.ts'
import { LinkStream } from './link-stream.ts'
import { MediaSockets } from './media-sockets.ts'
import { OutgoingStream } from './outgoing-stream.ts'
import { OutgoingTrack } from './outgoing-track.ts'
import type { Outlet } from './packet-writer.ts'
import { Peer } from './peer.ts'
import { PeerTable } from './peer-table.ts'
import { ReportSchedule } from './report-schedule.ts'
import { SendRing } from './send-ring.ts'
import { SourceLog } from './source-log.ts'
import { Ticker } from './ticker.ts'
import { TrackPump } from './track-pump.ts'
import { noTrackStatistics, sumOf } from './track-sums.ts'

/** Between two looks at the replays, in ms. */
const tickInterval = 2

/** The media plane in TypeScript: `node:dgram` and `node:crypto`, one datagram a system call. */
export class TwinPlane implements MediaPlane {
  readonly #listener: MediaPlaneListener
  readonly #peers = new PeerTable()
  readonly #logs = new Map<LogId, SourceLog>()
  readonly #tracks = new Map<TrackId, OutgoingTrack>()
  readonly #pump: TrackPump
  readonly #slabs = new SlabPool()
  readonly #ring = new SendRing()
  readonly #ticker = new Ticker(tickInterval, (now) => {
    this.#pump.turn(now)
    this.#reports.poll(now)
  })
  readonly #outlet: Outlet
  readonly #incoming: Incoming
  readonly #reports: ReportSchedule
  #sockets!: MediaSockets
  /** Of tracks that are gone. */
  #sentBefore = noTrackStatistics
  #nextId = 1

  private constructor(listener: MediaPlaneListener, random: (bound: number) => number) {
    const ticker = this.#ticker
    this.#pump = new TrackPump(listener, (track) => this.#started(track))
    this.#listener = listener
    this.#reports = new ReportSchedule(
      ({ peer }, report) => this.sendRtcp(peer.id, report),
      () => ticker.wall(),
    )
    this.#incoming = new Incoming(this.#peers, listener, () => ticker.now())
    this.#outlet = {
      take: () => this.#ring.take(),
      send: (datagram, length, peer) => this.#sockets.send(datagram, length, peer.path),
      get now() {
        return ticker.now()
      },
      random,
    }
  }

  /**
   * @param addresses local addresses to bind, IPv4 and IPv6
   * @param port 0 takes a free one
   * @param options `random`: an integer from 0 to below `bound`, asked twice per track, media then
   *   RTX; `tcp`: whether to listen for TCP, too, as without options
   * @throws the system's error when the port is taken or an address is not ours
   */
  static async open(
    addresses: readonly string[],
    port: number,
    listener: MediaPlaneListener,
    options: { readonly random?: (bound: number) => number; readonly tcp?: boolean } = {},
  ): Promise<TwinPlane> {
    const { random = (bound: number) => randomInt(bound), tcp = true } = options
    const plane = new TwinPlane(listener, random)
    plane.#sockets = await MediaSockets.open(addresses, port, tcp, {
      datagram: (datagram, address, remotePort, local) => {
        plane.#incoming.receive(datagram, address, remotePort, local)
      },
      congested: (peer, isCongested) => listener.congested(peer, isCongested),
    })
    plane.#ticker.start()
    return plane
  }

  get addresses() {
    return this.#sockets.addresses
  }

  /** Bytes of socket buffer the kernel granted. */
  get kernelBuffer(): number {
    return this.#sockets.kernelBuffer
  }

  get statistics(): PlaneStatistics {
    return {
      ...this.#incoming.statistics,
      ...this.#sockets.statistics,
      unheard: { media: 0, control: 0 },
      sent: this.#sent(),
    }
  }

  sendControl(datagram: Buffer, path: Path): void {
    this.#incoming.answering(datagram, path)
    this.#sockets.sendControl(datagram, path)
  }

  expect(ufrag: string, password: string): void {
    this.#incoming.expect(ufrag, password)
  }

  forget(ufrag: string): void {
    this.#incoming.forget(ufrag)
  }

  addPeer(id: PeerId, keys: SrtpKeys, path: Path, { streams }: PeerOptions = {}): void {
    this.removePeer(id)
    this.#sockets.assign(id, path)
    this.#peers.add(new Peer(id, keys, path, this.#slabs, streams))
  }

  movePeer(id: PeerId, path: Path): void {
    this.#sockets.assign(id, path)
    const peer = this.#peers.get(id)
    if (peer) this.#peers.move(peer, path)
  }

  removePeer(id: PeerId): void {
    const peer = this.#peers.get(id)
    if (!peer) return
    for (const track of peer.tracks) this.#forget(track)
    this.#peers.remove(peer)
    peer.close()
  }

  sendRtcp(id: PeerId, compound: Buffer): void {
    const peer = this.#peers.get(id)
    if (!peer) return
    const datagram = peer.sender.protectRtcp(compound)
    this.#sockets.send(datagram, datagram.length, peer.path)
  }

  // Packets are announced as they come, on the only thread there is: nothing to run ahead of.
  route(): void {}

  openLog(store: PacketStore): LogId {
    const log = new SourceLog(this.#nextId++, store)
    this.#logs.set(log.id, log)
    return log.id
  }

  closeLog(id: LogId): void {
    const log = this.#logs.get(id)
    if (!log) return
    this.#logs.delete(id)
    for (const { id: track } of log.members) this.silence(track)
  }

  setClock(id: LogId, clock: LogClock): void {
    const log = this.#logs.get(id)
    if (log) log.clock = clock
  }

  deliver(id: LogId, indices: Float64Array, count: number): void {
    const log = this.#logs.get(id)
    if (!log) return
    for (let i = 0; i < count; i++) {
      const index = indices[i]!
      for (const track of log.members) {
        this.#pump.deliver(track, index)
      }
    }
  }

  addTrack(id: PeerId, format: TrackFormat): TrackId {
    return this.#add(id, (peer) => new OutgoingStream(peer, format, this.#outlet))
  }

  addLink(id: PeerId, run: LinkRun): TrackId {
    return this.#add(id, (peer) => new LinkStream(peer, run, this.#outlet))
  }

  removeTrack(id: TrackId): void {
    const track = this.#tracks.get(id)
    if (track) this.#forget(track)
  }

  follow(id: TrackId, source: TrackSource): void {
    const track = this.#tracks.get(id)
    const log = this.#logs.get(source.log)
    if (!track || !log) return
    this.#pump.remove(track)
    track.follow(source, log)
    this.#reports.add(track)
  }

  replay(id: TrackId, source: TrackSource, replay: Replay): void {
    const track = this.#tracks.get(id)
    const log = this.#logs.get(source.log)
    if (!track || !log) return
    track.replay(source, log, replay)
    this.#reports.add(track)
    this.#pump.add(track, this.#ticker.now())
  }

  silence(id: TrackId): void {
    const track = this.#tracks.get(id)
    if (track) this.#silence(track)
  }

  setPace(id: TrackId, pace: number): void {
    this.#tracks.get(id)?.setPace(pace)
  }

  setLivePace(id: TrackId, pace: number): void {
    this.#tracks.get(id)?.setLivePace(pace)
  }

  probe(id: TrackId, probe: Probe): void {
    const track = this.#tracks.get(id)
    if (!track) return
    track.probe(probe)
    this.#pump.add(track, this.#ticker.now())
  }

  retransmit(id: TrackId, sequenceNumbers: readonly number[]): void {
    const track = this.#tracks.get(id)
    if (track && !track.retransmit(sequenceNumbers)) this.#listener.starved(id)
  }

  readFeedback(id: PeerId, packet: Buffer, now: number): FeedbackDigest | undefined {
    return this.#peers.get(id)?.readFeedback(packet, now)
  }

  trackStatistics(id: TrackId): TrackStatistics {
    return this.#tracks.get(id)?.statistics ?? noTrackStatistics
  }

  async close(): Promise<void> {
    this.#ticker.stop()
    for (const peer of this.#peers.values()) peer.close()
    await this.#sockets.close()
  }

  #add(id: PeerId, streamTo: (peer: Peer) => OutgoingStream | LinkStream): TrackId {
    const peer = this.#peers.get(id)
    if (!peer) throw new Error(`no peer ${id}: add it before its tracks`)
    const track = new OutgoingTrack(this.#nextId++, peer, streamTo(peer), this.#outlet)
    peer.tracks.add(track)
    this.#tracks.set(track.id, track)
    return track.id
  }

  #started(track: OutgoingTrack): void {
    this.#listener.started(track.id)
    this.#reports.report(track, this.#ticker.now())
  }

  #sent(): TrackStatistics {
    const tracks = [...this.#tracks.values()].map(({ statistics }) => statistics)
    return sumOf([this.#sentBefore, ...tracks])
  }

  #silence(track: OutgoingTrack): void {
    track.leave()
    this.#pump.remove(track)
    this.#reports.remove(track)
  }

  #forget(track: OutgoingTrack): void {
    this.#silence(track)
    this.#sentBefore = sumOf([this.#sentBefore, track.statistics])
    track.peer.tracks.delete(track)
    this.#tracks.delete(track.id)
  }
}
