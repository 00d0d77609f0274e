import type {
  LogClock,
  LogId,
  MediaPlane,
  PeerId,
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
import type { SrtpKeys } from '#native/srtp-keys.ts'
import type { FeedbackDigest, NumberedPacket } from '#rtp/congestion/feedback-digest.ts'
import { FeedbackReader } from '#rtp/congestion/feedback-reader.ts'
import { type RtcpPacket, readRtcp } from '#rtp/rtcp/compound.ts'
import { readTransportCc } from '#rtp/rtcp/transport-cc-reader.ts'

export type PlaneCommand =
  | { readonly kind: 'addPeer' | 'movePeer'; readonly peer: PeerId; readonly path: Path }
  | { readonly kind: 'removePeer'; readonly peer: PeerId }
  | { readonly kind: 'closeLog'; readonly log: LogId }
  | { readonly kind: 'addTrack'; readonly peer: PeerId; readonly track: TrackId }
  | { readonly kind: 'follow'; readonly track: TrackId; readonly source: TrackSource }
  | {
      readonly kind: 'replay'
      readonly track: TrackId
      readonly source: TrackSource
      readonly replay: Replay
    }
  | {
      readonly kind: 'setPace' | 'setLivePace'
      readonly track: TrackId
      readonly pace: number
    }
  | { readonly kind: 'silence'; readonly track: TrackId }
  | { readonly kind: 'probe'; readonly track: TrackId; readonly probe: Probe }
  | { readonly kind: 'retransmit'; readonly track: TrackId; readonly numbers: readonly number[] }

export interface SentControl {
  readonly datagram: Buffer
  readonly path: Path
}

/** A media plane that sends nothing and remembers what it was told. */
export class RecordingPlane implements MediaPlane {
  readonly addresses = [{ address: '203.0.113.5', port: 8189 }]
  readonly commands: PlaneCommand[] = []
  readonly control: SentControl[] = []
  /** One entry a datagram. */
  readonly rtcp: { readonly peer: PeerId; readonly packets: RtcpPacket[] }[] = []
  /** Passwords by ufrag, of the sessions whose checks are welcome. */
  readonly expected = new Map<string, string>()
  readonly peers = new Map<PeerId, SrtpKeys>()
  readonly logs = new Map<LogId, PacketStore>()
  readonly clocks = new Map<LogId, LogClock>()
  readonly tracks = new Map<TrackId, TrackFormat & { readonly peer: PeerId }>()
  readonly delivered = new Map<LogId, number[]>()
  readonly routes: { readonly ssrc: number; readonly log: LogId; readonly newest: number }[] = []
  /** What left under a transport-wide number, to the feedback on it. */
  sent: (number: number) => NumberedPacket | undefined = (number) => ({ at: number, bytes: 1200 })
  readonly #readers = new Map<PeerId, FeedbackReader>()
  #nextId = 1

  /** Commands since the last call. */
  take(): PlaneCommand[] {
    return this.commands.splice(0)
  }

  takeControl(): SentControl[] {
    return this.control.splice(0)
  }

  /** RTCP since the last call, by datagram. */
  takeRtcp(): RtcpPacket[][] {
    return this.rtcp.splice(0).map(({ packets }) => packets)
  }

  sendControl(datagram: Buffer, path: Path): void {
    this.control.push({ datagram, path })
  }

  expect(ufrag: string, password: string): void {
    this.expected.set(ufrag, password)
  }

  forget(ufrag: string): void {
    this.expected.delete(ufrag)
  }

  addPeer(peer: PeerId, keys: SrtpKeys, path: Path): void {
    this.peers.set(peer, keys)
    this.commands.push({ kind: 'addPeer', peer, path })
  }

  movePeer(peer: PeerId, path: Path): void {
    this.commands.push({ kind: 'movePeer', peer, path })
  }

  removePeer(peer: PeerId): void {
    this.peers.delete(peer)
    for (const [id, track] of this.tracks) if (track.peer === peer) this.tracks.delete(id)
    this.commands.push({ kind: 'removePeer', peer })
  }

  sendRtcp(peer: PeerId, compound: Buffer): void {
    this.rtcp.push({ peer, packets: readRtcp(compound) })
  }

  route(_peer: PeerId, ssrc: number, log: LogId, newest: number): void {
    this.routes.push({ ssrc, log, newest })
  }

  openLog(store: PacketStore): LogId {
    const log = this.#nextId++
    this.logs.set(log, store)
    this.delivered.set(log, [])
    return log
  }

  closeLog(log: LogId): void {
    this.logs.delete(log)
    this.commands.push({ kind: 'closeLog', log })
  }

  setClock(log: LogId, clock: LogClock): void {
    this.clocks.set(log, clock)
  }

  deliver(log: LogId, indices: Float64Array, count: number): void {
    this.delivered.get(log)?.push(...indices.subarray(0, count))
  }

  addTrack(peer: PeerId, format: TrackFormat): TrackId {
    if (!this.peers.has(peer)) throw new Error(`no peer ${peer}: add it before its tracks`)
    const track = this.#nextId++
    this.tracks.set(track, { ...format, peer })
    this.commands.push({ kind: 'addTrack', peer, track })
    return track
  }

  addLink(peer: PeerId): TrackId {
    const track = this.#nextId++
    this.commands.push({ kind: 'addTrack', peer, track })
    return track
  }

  removeTrack(track: TrackId): void {
    this.tracks.delete(track)
  }

  follow(track: TrackId, source: TrackSource): void {
    this.commands.push({ kind: 'follow', track, source })
  }

  replay(track: TrackId, source: TrackSource, replay: Replay): void {
    this.commands.push({ kind: 'replay', track, source, replay })
  }

  readFeedback(peer: PeerId, packet: Buffer, now: number): FeedbackDigest | undefined {
    const feedback = readTransportCc(packet)
    const reader = this.#readers.get(peer) ?? new FeedbackReader()
    this.#readers.set(peer, reader)
    return feedback && reader.read(feedback, this.sent, now)
  }

  silence(track: TrackId): void {
    this.commands.push({ kind: 'silence', track })
  }

  setLivePace(track: TrackId, pace: number): void {
    this.commands.push({ kind: 'setLivePace', track, pace })
  }

  probe(track: TrackId, probe: Probe): void {
    this.commands.push({ kind: 'probe', track, probe })
  }

  setPace(track: TrackId, pace: number): void {
    this.commands.push({ kind: 'setPace', track, pace })
  }

  retransmit(track: TrackId, numbers: readonly number[]): void {
    this.commands.push({ kind: 'retransmit', track, numbers })
  }

  trackStatistics(): TrackStatistics {
    return noStatistics
  }

  get statistics(): PlaneStatistics {
    return {
      datagramsReceived: 0,
      datagramsSent: 0,
      sendErrors: 0,
      sendDrops: { late: 0, full: 0 },
      trainsRefused: 0,
      unheard: { media: 0, control: 0 },
      received: { packets: 0, bytes: 0 },
      sent: noStatistics,
      dropped: {
        'unknown-range': 0,
        'unknown-peer': 0,
        'too-short': 0,
        'too-long': 0,
        authentication: 0,
        replayed: 0,
        'unknown-ufrag': 0,
        'bad-integrity': 0,
        'unknown-path': 0,
        'too-often': 0,
      },
    }
  }

  async close(): Promise<void> {}
}

const noStatistics: TrackStatistics = {
  packets: 0,
  bytes: 0,
  retransmitted: 0,
  replayed: 0,
  probed: 0,
}
