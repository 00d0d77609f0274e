import type { MediaPlane, PeerId, ReceivedBatch } from '#native/media-plane.ts'
import type { Slab } from '#native/slab.ts'
import type { UpLayer } from '#relay/up-layer.ts'
import { RtpPacket } from '#rtp/packet.ts'
import { EarlyPackets } from './early-packets.ts'
import type { LinkedPublication } from './linked-publication.ts'

interface Run {
  readonly publication: LinkedPublication
  readonly layer: UpLayer
  readonly base: number
  /** Whether the plane knows where its packets go. */
  routed: boolean
}

/** The runs that come from one parent, by their link-local SSRC. */
export class IncomingRuns {
  readonly #plane: MediaPlane
  readonly #peer: PeerId
  readonly #runs = new Map<number, Run>()
  readonly #early = new EarlyPackets()
  readonly #packet = new RtpPacket()
  readonly #touched = new Set<LinkedPublication>()
  /** SSRCs ascend: a higher one is of a run that is still to be announced. */
  #newest = 0

  constructor(plane: MediaPlane, peer: PeerId) {
    this.#plane = plane
    this.#peer = peer
  }

  /** The run before it of the layer is over: what is still on its way comes again by this one. */
  begin(ssrc: number, begun: Omit<Run, 'routed'>): void {
    this.endOf(begun.layer)
    const run = { ...begun, routed: false }
    this.#runs.set(ssrc, run)
    this.#newest = Math.max(this.#newest, ssrc)
    this.#early.release(ssrc, ({ slab, offset, length, arrivedAt }) => {
      if (this.#packet.read(slab.bytes, offset, offset + length)) this.#take(run, slab, arrivedAt)
    })
    this.#flush()
  }

  /** What still comes of the layer is not taken, until it has another run. */
  endOf(layer: UpLayer): void {
    for (const [ssrc, run] of this.#runs) if (run.layer === layer) this.#runs.delete(ssrc)
  }

  /** No packets of the publication are taken any more. */
  end(publication: LinkedPublication): void {
    for (const [ssrc, run] of this.#runs) {
      if (run.publication === publication) this.#runs.delete(ssrc)
    }
  }

  /** Forgets what was never announced. @param now monotonic ms */
  expire(now: number): void {
    this.#early.expire(now)
  }

  clear(): void {
    this.#runs.clear()
    this.#early.clear()
  }

  /** @param batch borrowed; its slab is retained for every packet kept */
  receive(batch: ReceivedBatch): void {
    const { slab, offsets, lengths, indices } = batch
    for (let i = 0; i < batch.count; i++) {
      const offset = offsets[i]!
      const length = lengths[i]!
      const arrivedAt = batch.arrivedAt[i]!
      if (!this.#packet.read(slab.bytes, offset, offset + length)) continue
      const { ssrc } = this.#packet
      const run = this.#runs.get(ssrc)
      if (run) this.#take(run, slab, arrivedAt, indices?.[i])
      else if (ssrc > this.#newest) this.#early.keep({ ssrc, slab, offset, length, arrivedAt })
    }
    this.#flush()
  }

  #take(run: Run, slab: Slab, now: number, sent = Number.NaN): void {
    const { publication, layer, base } = run
    const known = Number.isNaN(sent) ? undefined : sent
    const { ssrc } = this.#packet
    const index = publication.take(layer, this.#packet, slab, now, known)
    this.#touched.add(publication)
    if (run.routed) return
    // The next ones need not wait for us.
    run.routed = true
    this.#plane.route(this.#peer, ssrc, layer.logId, index, base)
  }

  #flush(): void {
    for (const publication of this.#touched) publication.flush()
    this.#touched.clear()
  }
}
