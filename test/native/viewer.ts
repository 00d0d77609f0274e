import type { MediaPlane, PeerId, TrackFormat, TrackId } from '#native/media-plane.ts'
import type { RtcpPacket } from '#rtp/rtcp/compound.ts'
import { writeReceiverReport } from '#rtp/rtcp/reports.ts'
import { type Received, ReceivedReader } from './received.ts'
import type { SecuredPeer } from './secured-peer.ts'
import { until } from './until.ts'

/** Source of the reports that `settled` waits for. */
const settledMark = 0xb0000000

/** One viewer of a plane: its peer, its first track, and what came. */
export class Viewer {
  readonly id: PeerId
  readonly peer: SecuredPeer
  readonly format: TrackFormat
  readonly track: TrackId
  readonly received: Received[] = []
  readonly #plane: MediaPlane
  readonly #reader: ReceivedReader
  #taken = 0
  #settled = 0

  constructor(plane: MediaPlane, id: PeerId, peer: SecuredPeer, format: TrackFormat) {
    this.#plane = plane
    this.id = id
    this.peer = peer
    this.format = format
    this.#reader = new ReceivedReader(format)
    peer.onMedia = (sent) => this.received.push(this.#reader.read(sent))
    plane.addPeer(id, peer.keys, peer.path)
    this.track = plane.addTrack(id, format)
  }

  /** Media of the first track as [number since its first, label], repairs left out. */
  get media(): [number, string][] {
    return this.received
      .filter(({ ssrc, repeated }) => ssrc === this.format.ssrc && !repeated)
      .map(({ out, label }) => [out, label])
  }

  get labels(): string[] {
    return this.received.map(({ label }) => label)
  }

  /** Sequence number of the first track's packet `out`, as a NACK names it. */
  numberOf(out: number): number {
    return (this.#reader.firstIndex(this.format.ssrc)! + out) & 0xffff
  }

  /** @param outs counted from the first packet, as in `received` */
  nack(...outs: readonly number[]): void {
    this.#plane.retransmit(
      this.track,
      outs.map((out) => this.numberOf(out)),
    )
  }

  /** Waits for packets, in all. */
  async has(count: number): Promise<void> {
    await until(() => this.received.length >= count)
  }

  /** Waits for `count` packets after those taken before, and takes what there is. */
  async take(count: number): Promise<Received[]> {
    await until(() => this.received.length >= this.#taken + count)
    const taken = this.received.slice(this.#taken)
    this.#taken = this.received.length
    return taken
  }

  /**
   * Waits until all that the plane was told before has left: its RTCP to this peer is sent in
   * order with the rest.
   */
  async settled(): Promise<void> {
    const wanted = ++this.#settled
    this.#plane.sendRtcp(this.id, writeReceiverReport(settledMark, []))
    const isMark = ([first]: readonly RtcpPacket[]) =>
      first?.kind === 'receiver-report' && first.ssrc === settledMark
    await until(() => this.peer.compounds.filter(isMark).length >= wanted)
  }
}
