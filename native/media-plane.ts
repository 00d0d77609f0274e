import type { PacketStore } from './packet-store.ts'
import type { Path } from './path.ts'
import type { Slab } from './slab.ts'
import type { SrtpKeys } from './srtp-keys.ts'

/** Small integers, never reused within a process: the addon indexes by them. */
export type PeerId = number
export type LogId = number
export type TrackId = number

/** Packets of one peer that passed authentication and the replay check. Borrowed. */
export interface ReceivedBatch {
  readonly count: number
  /** Holds every packet of the batch; keep one by `slab.retain()`. */
  readonly slab: Slab
  readonly offsets: Uint32Array
  readonly lengths: Uint16Array
  /** Monotonic ms. */
  readonly arrivedAt: Float64Array
  /**
   * Ingest index of each packet that a route has taken to its log and to live viewers already; NaN
   * for others. Absent where the plane takes no packet ahead.
   */
  readonly indices?: Float64Array
}

/** What the plane tells. Buffers are borrowed: copy what outlives the call. */
export interface MediaPlaneListener {
  /** A datagram in the range of STUN or DTLS (RFC 7983), from anybody, unchecked. */
  control(datagram: Buffer, path: Path): void
  media(peer: PeerId, batch: ReceivedBatch): void
  /** A decrypted RTCP compound. */
  rtcp(peer: PeerId, compound: Buffer): void
  /** A NACK asked for what the log no longer holds: only a replay helps this track. */
  starved(track: TrackId): void
  /** The first video or audio packet of a track has left. */
  started(track: TrackId): void
  /** A replay has reached the live end. */
  caughtUp(track: TrackId): void
}

/** How one outgoing track looks to its viewer, for the whole session. */
export interface TrackFormat {
  readonly kind: 'audio' | 'video'
  readonly ssrc: number
  /** Ticks per second of the RTP timestamp. */
  readonly clockRate: number
  /** The same for both tracks of a viewer: it is what makes them one sync group. */
  readonly cname: string
  /** Absent where the viewer offered no RTX: repairs then repeat the packet, byte for byte. */
  readonly rtxSsrc?: number
  /** Header extension ids (1–14) in this viewer's numbering. */
  readonly playoutDelayId?: number
  /** Used only together with RTX: a number in the header would make a repeat a new packet. */
  readonly transportCcId?: number
}

/** What a track sends from: one layer's log, as this viewer's payload types name it. */
export interface TrackSource {
  readonly log: LogId
  readonly payloadType: number
  readonly rtxPayloadType?: number
}

export interface Replay {
  /** Ingest index of the first packet of a keyframe. */
  readonly from: number
  /** RTP payloads that go before it, as packets of their own: parameter sets it came without. */
  readonly prefix?: readonly Buffer[]
  /** Bytes per ms; `setPace` changes it while the replay runs. */
  readonly pace: number
  /** Bytes that may leave at once. */
  readonly burst: number
  /** Bytes after the burst that go at a pace of their own: the keyframe. */
  readonly lead?: { readonly bytes: number; readonly pace: number }
}

/** Relates RTP time to wall time for one log: measured at the ingest, once per epoch. */
export interface LogClock {
  readonly rtpTimestamp: number
  /** Milliseconds since the Unix epoch at which that timestamp was captured. */
  readonly wall: number
}

/** A packet that left under a transport-wide number. */
export interface SentPacket {
  /** Monotonic ms. */
  readonly at: number
  /** As sent, SRTP tag included. */
  readonly bytes: number
}

/** Counters since the track was added. */
export interface TrackStatistics {
  readonly packets: number
  readonly bytes: number
  readonly retransmitted: number
  readonly replayed: number
}

export interface PlaneStatistics {
  readonly datagramsReceived: number
  readonly datagramsSent: number
  readonly sendErrors: number
  /** Not sent: live packets that came too late, and what a full socket did not take in time. */
  readonly sendDrops: { readonly late: number; readonly full: number }
  /** Segmented trains that a path refused; their packets went one by one. */
  readonly trainsRefused: number
  /** Announcements that nobody came for in time: media, and STUN, DTLS and RTCP. */
  readonly unheard: { readonly media: number; readonly control: number }
  /** RTP of all peers, as decrypted. */
  readonly received: { readonly packets: number; readonly bytes: number }
  /** RTP of all tracks, gone ones too. */
  readonly sent: TrackStatistics
  /** Dropped on receive, by reason. */
  readonly dropped: Readonly<Record<DropReason, number>>
}
export type DropReason =
  | 'unknown-range'
  | 'unknown-peer'
  | 'too-short'
  | 'too-long'
  | 'authentication'
  | 'replayed'

/**
 * One UDP port and everything done per packet: demultiplexing, SRTP both ways, fan-out, paced
 * replay, retransmission, sender reports (DESIGN §7).
 *
 * It alone owns a viewer's numbers: SRTP index, sequence, transport-wide count, history. The
 * caller decides and posts commands, and never builds an outgoing media packet: two owners of
 * one counter would reuse a GCM nonce. Implemented by the addon
 * (`native/addon-plane.ts`) and by its twin in TypeScript (`native/twin`).
 */
export interface MediaPlane {
  /** Local addresses that peers can reach, with the port each is bound to. */
  readonly addresses: readonly { readonly address: string; readonly port: number }[]

  /** STUN and DTLS, as they are. */
  sendControl(datagram: Buffer, path: Path): void

  /** From now on SRTP that comes on `path` is this peer's. */
  addPeer(peer: PeerId, keys: SrtpKeys, path: Path): void
  /** The peer's address changed, proved by an authenticated check. Contexts stay. */
  movePeer(peer: PeerId, path: Path): void
  /** Ends its tracks too. */
  removePeer(peer: PeerId): void
  /** @param compound plain RTCP; protected and sent */
  sendRtcp(peer: PeerId, compound: Buffer): void

  /**
   * Packets of this SSRC belong in that log. The plane may now store and send them before it
   * announces them, with the index it gave them: they never wait for the caller.
   *
   * @param newest index of the packet of that SSRC seen last; the next ones are counted from it
   */
  route(peer: PeerId, ssrc: number, log: LogId, newest: number): void

  openLog(store: PacketStore): LogId
  /** Its tracks fall silent until they get another source. */
  closeLog(log: LogId): void
  setClock(log: LogId, clock: LogClock): void
  /**
   * These indices were stored just now, in this order: every live track of the log gets them. What
   * the store has let go of since the last call, the plane lets go of now; `count` may be 0 for it.
   */
  deliver(log: LogId, indices: Float64Array, count: number): void

  addTrack(peer: PeerId, format: TrackFormat): TrackId
  removeTrack(track: TrackId): void
  /** Sends what is delivered from now on; outgoing numbers and times continue. */
  follow(track: TrackId, source: TrackSource): void
  /**
   * Sends the log from a keyframe on, paced, then follows it. During a replay this jumps: the
   * frame being sent is finished first, the rest dropped.
   */
  replay(track: TrackId, source: TrackSource, replay: Replay): void
  /** @param pace bytes per ms of the running replay */
  setPace(track: TrackId, pace: number): void
  /** @param sequenceNumbers outgoing, 16 bits, as the viewer's NACK names them */
  retransmit(track: TrackId, sequenceNumbers: readonly number[]): void
  /** What feedback speaks of; undefined for numbers more than about a thousand packets old. */
  transportSend(peer: PeerId, transportSequence: number): SentPacket | undefined
  trackStatistics(track: TrackId): TrackStatistics

  readonly statistics: PlaneStatistics
  close(): Promise<void>
}
