import type { FeedbackDigest } from '#rtp/congestion/feedback-digest.ts'
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
  /**
   * A datagram in the range of STUN or DTLS (RFC 7983): from anybody, unchecked, until the first
   * `expect`; from then on a check of a session that is expected, or DTLS on a path that a check was
   * answered on, each not more often than peers send them.
   */
  control(datagram: Buffer, path: Path): void
  media(peer: PeerId, batch: ReceivedBatch): void
  /** A decrypted RTCP compound. */
  rtcp(peer: PeerId, compound: Buffer): void
  /**
   * A NACK asked for what the log no longer holds, or a track with a live pace has fallen behind by
   * more than a second or than its log reaches back, told once until it is level again: only a
   * replay, or a smaller layer, helps this track.
   */
  starved(track: TrackId): void
  /** The first video or audio packet of a track has left. */
  started(track: TrackId): void
  /** A replay has reached the live end. */
  caughtUp(track: TrackId): void
  /**
   * The peer's TCP connection does not keep up: until this is told again with false, none of its
   * media is sent, and packets of both tracks are lost. Then all that waited has left: audio goes
   * on by itself, video needs a keyframe, so a replay.
   */
  congested(peer: PeerId, isCongested: boolean): void
}

export interface PeerOptions {
  readonly streams?: number
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

/** What one layer is sent to another node as, from its beginning to its end (docs/tree.md). */
export interface LinkRun {
  /** Never used before under the keys of the peer (RFC 7714 §8.1). */
  readonly ssrc: number
  /** The SRTP index of a packet is its ingest index less this. */
  readonly base: number
}

/** What a track sends from: one layer's log, as this viewer's payload types name it. */
export interface TrackSource {
  readonly log: LogId
  readonly payloadType: number
  readonly rtxPayloadType?: number
  /**
   * Whether every packet gets a transport-wide number, its repeats by RTX too, and not only those
   * of a replay. Needs RTX and `transportCcId`; nothing without them.
   */
  readonly numbered?: boolean
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
  /**
   * Another encoding of the same picture: where its RTP time stands against that of the log sent
   * until now. Without it, time goes on from the last packet sent, and the log's newest is now.
   */
  readonly alignment?: { readonly log: LogId; readonly ticks: number }
  /** Ms that it will take, about: times of a log not sent until now are squeezed into that. */
  readonly catchUp?: number
  /**
   * Ingest index up to which the log is still being filled from elsewhere: at its end before that
   * the replay waits for more, as it is not at the live end yet.
   */
  readonly until?: number
  /** Bytes after the burst that go at a pace of their own: the keyframe. */
  readonly lead?: { readonly bytes: number; readonly pace: number }
}

/** Packets sent for no other reason than to learn what the link can carry (BWE-53..66). */
export interface Probe {
  /** 1–15: what everything numbered that the peer is sent meanwhile is marked with. */
  readonly cluster: number
  /** Bytes per ms, of everything numbered together. */
  readonly pace: number
  /** As sent, of everything numbered together: then it is over. */
  readonly bytes: number
}

/** Relates RTP time to wall time for one log: measured at the ingest, once per epoch. */
export interface LogClock {
  readonly rtpTimestamp: number
  /** Milliseconds since the Unix epoch at which that timestamp was captured. */
  readonly wall: number
}

/** Counters since the track was added. */
export interface TrackStatistics {
  readonly packets: number
  readonly bytes: number
  /** Repeats that were asked for, or that go before a keyframe's first slice. */
  readonly retransmitted: number
  readonly replayed: number
  /** Repeats that a probe sent. */
  readonly probed: number
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
  /** STUN that is no check of a session that is expected. */
  | 'unknown-ufrag'
  | 'bad-integrity'
  /** DTLS from where no check was answered. */
  | 'unknown-path'
  /** More STUN or DTLS than a peer sends, or than all strangers may together. */
  | 'too-often'

/**
 * One port, of UDP and TCP (RFC 6544), and everything done per packet: demultiplexing, SRTP both
 * ways, fan-out, paced replay, retransmission, sender reports (DESIGN §7).
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

  /**
   * Checks that name `ufrag` and know `password` are welcome until it is forgotten. Strangers
   * cost the caller no time: from the first session on, what no peer sent is dropped unheard
   * (SEC-42, SEC-43).
   *
   * @param password 64 bytes at most
   */
  expect(ufrag: string, password: string): void
  forget(ufrag: string): void

  /**
   * From now on SRTP that comes on `path` is this peer's.
   *
   * @param options `streams`: SSRCs that it may send RTP from, 32 without
   */
  addPeer(peer: PeerId, keys: SrtpKeys, path: Path, options?: PeerOptions): void
  /** The peer's address changed, proved by an authenticated check. Contexts stay. */
  movePeer(peer: PeerId, path: Path): void
  /** Ends its tracks too. */
  removePeer(peer: PeerId): void
  /** @param compound plain RTCP; protected and sent */
  sendRtcp(peer: PeerId, compound: Buffer): void

  /**
   * Packets of this SSRC belong in that log. The plane may now store and send them before it
   * announces them, with the index it gave them: they never wait for the caller. Once per SSRC, at
   * this call, such a packet may overtake those that were announced before and are still to be
   * delivered.
   *
   * @param newest index of the packet of that SSRC seen last; the next ones are counted from it
   * @param base by what ingest indices are more than the numbers that the packets have, 0 without
   */
  route(peer: PeerId, ssrc: number, log: LogId, newest: number, base?: number): void

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
  /**
   * A track to another node: packets leave as they lie in the log, with all extensions, but for
   * their SSRC and number. Nothing is said of it by RTCP, and a replay may begin anywhere. All
   * repeats are the same packets, byte for byte.
   */
  addLink(peer: PeerId, run: LinkRun): TrackId
  removeTrack(track: TrackId): void
  /** Sends what is delivered from now on; outgoing numbers and times continue. */
  follow(track: TrackId, source: TrackSource): void
  /**
   * Sends the log from a keyframe on, paced, then follows it. During a replay this jumps: the
   * frame being sent is finished first, the rest dropped.
   */
  replay(track: TrackId, source: TrackSource, replay: Replay): void
  /** Sends nothing more until the track gets another source. What has left can be repeated. */
  silence(track: TrackId): void
  /** @param pace bytes per ms of the running replay */
  setPace(track: TrackId, pace: number): void
  /**
   * Live packets leave no faster than this, with 30 ms of it at once; what it overdraws by a packet
   * is paid back. A track out of budget lags behind in its log and catches up from there, in order.
   * Repairs of what it has passed leave at once. A replay has a pace of its own.
   *
   * @param pace bytes per ms; Infinity, as at first, for at once
   */
  setLivePace(track: TrackId, pace: number): void
  /**
   * Repeats by RTX what was sent last, each packet once and the newest first, at the probe's pace.
   * Ends with the probe's bytes, with what the log holds of this source, or with another source of
   * the track. Nothing happens on a track whose source is not numbered.
   */
  probe(track: TrackId, probe: Probe): void
  /** @param sequenceNumbers outgoing, 16 bits, as the viewer's NACK names them */
  retransmit(track: TrackId, sequenceNumbers: readonly number[]): void
  /**
   * Reads transport-wide feedback against what was sent to the peer; undefined for a packet that
   * breaks its rules, or before anything numbered was sent. The cost is bounded by its bytes.
   *
   * @param packet one RTCP packet, header included
   * @param now monotonic ms
   */
  readFeedback(peer: PeerId, packet: Buffer, now: number): FeedbackDigest | undefined
  trackStatistics(track: TrackId): TrackStatistics

  readonly statistics: PlaneStatistics
  close(): Promise<void>
}
