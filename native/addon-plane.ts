import { randomInt } from 'node:crypto'
import { getSystemErrorName } from 'node:util'
import type { FeedbackDigest } from '#rtp/congestion/feedback-digest.ts'
import type { MediaBinding, OpenedHandle, PlaneHandle } from './addon-binding.ts'
import { AddonFeedback } from './addon-feedback.ts'
import { AddonInbox } from './addon-inbox.ts'
import { AddonLogs } from './addon-logs.ts'
import { AddonSlabs } from './addon-slabs.ts'
import { planeStatistics, statisticsLength } from './addon-statistics.ts'
import { firstIndexBound } from './first-index.ts'
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
} from './media-plane.ts'
import type { PacketStore } from './packet-store.ts'
import type { Path } from './path.ts'
import type { SrtpKeys } from './srtp-keys.ts'

/** How datagrams reach the kernel, worst first: places in the ladder (DESIGN §7). */
const rungs = ['sendto', 'sendmmsg', 'gso'] as const
export type Rung = (typeof rungs)[number]

export interface AddonPlaneOptions {
  /** Local addresses to bind, IPv4 and IPv6. */
  readonly addresses: readonly string[]
  /** 0 takes a free one. */
  readonly port: number
  /** `auto` is the best that the kernel has. */
  readonly rung: 'auto' | Rung
  /** Shards, each with a thread of its own. */
  readonly threads: number
  /** Listens for TCP, too, unless this is false. */
  readonly tcp?: boolean
  /** An integer from 0 to below `bound`: asked twice per track, media then RTX. */
  readonly random?: (bound: number) => number
}

/** The media plane in C++ (`native/addon`): this class only passes on what is decided elsewhere. */
export class AddonPlane implements MediaPlane {
  readonly addresses: readonly { readonly address: string; readonly port: number }[]
  readonly sending: Rung
  /** Bytes of socket buffer the kernel granted. */
  readonly kernelBuffer: number
  readonly #binding: MediaBinding
  readonly #handle: PlaneHandle
  readonly #random: (bound: number) => number
  readonly #slabs: AddonSlabs
  readonly #logs: AddonLogs
  readonly #inbox: AddonInbox
  readonly #feedback: AddonFeedback
  readonly #peers = new Set<PeerId>()
  readonly #answer = new Float64Array(5)
  readonly #counters = new Float64Array(statisticsLength)
  #nextId = 1
  #closed = false

  private constructor(
    binding: MediaBinding,
    options: AddonPlaneOptions,
    listener: MediaPlaneListener,
  ) {
    const { addresses, port, rung, threads, random, tcp = true } = options
    const opened = binding.open(
      addresses,
      port,
      rung === 'auto' ? -1 : rungs.indexOf(rung),
      threads,
      // A listener's error thrown in a callback of Node-API would be a warning, and no more.
      () => setImmediate(() => this.#drain()),
      tcp ? 1 : 0,
    )
    if (!opened.handle) throw bindError(opened, port)
    this.#binding = binding
    this.#handle = opened.handle
    this.#random = random ?? ((bound) => randomInt(bound))
    this.#slabs = new AddonSlabs(binding, opened.handle)
    this.#logs = new AddonLogs(binding, opened.handle, this.#slabs)
    const offset = clockOffset()
    this.#feedback = new AddonFeedback(binding, opened.handle, offset)
    this.#inbox = new AddonInbox(listener, this.#slabs, offset)
    this.addresses = addresses.map((address) => ({ address, port: opened.port }))
    this.sending = rungs[opened.rung]!
    this.kernelBuffer = opened.kernelBuffer
  }

  /** @throws the system's error when the port is taken or an address is not ours */
  static async open(
    binding: MediaBinding,
    options: AddonPlaneOptions,
    listener: MediaPlaneListener,
  ): Promise<AddonPlane> {
    return new AddonPlane(binding, options, listener)
  }

  get statistics(): PlaneStatistics {
    this.#binding.statistics(this.#handle, this.#counters)
    return planeStatistics(this.#counters)
  }

  sendControl(datagram: Buffer, path: Path): void {
    this.#binding.sendControl(this.#handle, datagram, ...pathArguments(path))
  }

  expect(ufrag: string, password: string): void {
    this.#binding.expect(this.#handle, ufrag, password)
  }

  forget(ufrag: string): void {
    this.#binding.forget(this.#handle, ufrag)
  }

  addPeer(
    peer: PeerId,
    { profile, local, remote }: SrtpKeys,
    path: Path,
    { streams = 0 }: PeerOptions = {},
  ): void {
    this.#peers.add(peer)
    this.#binding.addPeer(
      this.#handle,
      peer,
      profile,
      local.key,
      local.salt,
      remote.key,
      remote.salt,
      ...pathArguments(path),
      streams,
    )
  }

  movePeer(peer: PeerId, path: Path): void {
    this.#binding.movePeer(this.#handle, peer, ...pathArguments(path))
  }

  removePeer(peer: PeerId): void {
    if (this.#peers.delete(peer)) this.#binding.removePeer(this.#handle, peer)
  }

  sendRtcp(peer: PeerId, compound: Buffer): void {
    this.#binding.sendRtcp(this.#handle, peer, compound)
  }

  route(peer: PeerId, ssrc: number, log: LogId, newest: number, base = 0): void {
    if (this.#logs.has(log)) this.#binding.route(this.#handle, peer, ssrc, log, newest, base)
  }

  openLog(store: PacketStore): LogId {
    const log = this.#nextId++
    this.#logs.open(log, store)
    return log
  }

  closeLog(log: LogId): void {
    this.#logs.close(log)
  }

  setClock(log: LogId, { rtpTimestamp, wall }: LogClock): void {
    this.#binding.setClock(this.#handle, log, rtpTimestamp, wall)
  }

  deliver(log: LogId, indices: Float64Array, count: number): void {
    this.#logs.deliver(log, indices, count)
  }

  addTrack(peer: PeerId, format: TrackFormat): TrackId {
    if (!this.#peers.has(peer)) throw new Error(`no peer ${peer}: add it before its tracks`)
    const track = this.#nextId++
    const firstIndex = this.#random(firstIndexBound)
    this.#binding.addTrack(
      this.#handle,
      peer,
      track,
      format.ssrc,
      format.clockRate,
      format.cname,
      format.rtxSsrc ?? 0,
      format.playoutDelayId ?? 0,
      format.transportCcId ?? 0,
      firstIndex,
      this.#random(firstIndexBound),
    )
    return track
  }

  addLink(peer: PeerId, { ssrc, base }: LinkRun): TrackId {
    if (!this.#peers.has(peer)) throw new Error(`no peer ${peer}: add it before its tracks`)
    const track = this.#nextId++
    this.#binding.addLink(this.#handle, peer, track, ssrc, base)
    return track
  }

  removeTrack(track: TrackId): void {
    this.#binding.removeTrack(this.#handle, track)
  }

  follow(track: TrackId, source: TrackSource): void {
    this.#binding.follow(this.#handle, track, ...sourceArguments(source))
  }

  replay(track: TrackId, source: TrackSource, replay: Replay): void {
    const { from, pace, burst, lead = { bytes: 0, pace: 0 }, prefix = [] } = replay
    const { catchUp = 0, until = 0 } = replay
    const { log: alignedLog, ticks } = replay.alignment ?? { log: -1, ticks: 0 }
    this.#binding.replay(
      this.#handle,
      track,
      ...sourceArguments(source),
      from,
      pace,
      burst,
      lead.bytes,
      lead.pace,
      prefix,
      alignedLog,
      ticks >>> 0,
      catchUp,
      until,
    )
  }

  silence(track: TrackId): void {
    this.#binding.silence(this.#handle, track)
  }

  setPace(track: TrackId, pace: number): void {
    this.#binding.setPace(this.#handle, track, pace)
  }

  setLivePace(track: TrackId, pace: number): void {
    this.#binding.setLivePace(this.#handle, track, pace)
  }

  probe(track: TrackId, { cluster, pace, bytes }: Probe): void {
    this.#binding.probe(this.#handle, track, cluster, pace, bytes)
  }

  retransmit(track: TrackId, sequenceNumbers: readonly number[]): void {
    this.#binding.retransmit(this.#handle, track, Uint16Array.from(sequenceNumbers))
  }

  readFeedback(peer: PeerId, packet: Buffer, now: number): FeedbackDigest | undefined {
    return this.#feedback.read(peer, packet, now)
  }

  trackStatistics(track: TrackId): TrackStatistics {
    const out = this.#answer
    if (!this.#binding.trackStatistics(this.#handle, track, out)) out.fill(0)
    const [packets = 0, bytes = 0, retransmitted = 0, replayed = 0, probed = 0] = out
    return { packets, bytes, retransmitted, replayed, probed }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#binding.close(this.#handle)
  }

  // One inbox in each turn of the event loop: a flood must leave requests and timers their turns.
  // The next look is arranged first, as nobody wakes us before we have found nothing.
  #drain(): void {
    if (this.#closed) return
    const length = this.#binding.drain(this.#handle, this.#inbox.bytes)
    if (length === 0) return
    setImmediate(() => this.#drain())
    this.#inbox.tell(length)
  }
}

function sourceArguments({ log, payloadType, rtxPayloadType = -1, numbered }: TrackSource) {
  return [log, payloadType, rtxPayloadType, numbered ? 1 : 0] as const
}

function pathArguments({ transport, family, remoteAddress, remotePort, localAddress }: Path) {
  return [family, remoteAddress, remotePort, localAddress, transport === 'tcp' ? 1 : 0] as const
}

// Both are CLOCK_MONOTONIC; `performance.now` counts from the start of the process.
function clockOffset(): number {
  return Number(process.hrtime.bigint()) / 1e6 - performance.now()
}

function bindError({ error: errno, failedAddress, failedTcp }: OpenedHandle, port: number): Error {
  const address = failedAddress
  const code = getSystemErrorName(-errno)
  const error = new Error(`bind ${code} ${address}:${port}`)
  const transport = failedTcp ? 'tcp' : 'udp'
  return Object.assign(error, { code, errno: -errno, syscall: 'bind', address, port, transport })
}
