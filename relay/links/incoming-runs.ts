import type { MediaPlane, PeerId, ReceivedBatch } from '#native/media-plane.ts'
import type { UpLayer } from '#relay/up-layer.ts'
import { RtpPacket } from '#rtp/packet.ts'
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
  readonly #packet = new RtpPacket()
  readonly #touched = new Set<LinkedPublication>()

  constructor(plane: MediaPlane, peer: PeerId) {
    this.#plane = plane
    this.#peer = peer
  }

  /** The run before it of the layer is over: what is still on its way comes again by this one. */
  begin(ssrc: number, run: Omit<Run, 'routed'>): void {
    for (const [other, { layer }] of this.#runs) if (layer === run.layer) this.#runs.delete(other)
    this.#runs.set(ssrc, { ...run, routed: false })
  }

  end(publication: LinkedPublication): void {
    for (const [ssrc, run] of this.#runs) {
      if (run.publication === publication) this.#runs.delete(ssrc)
    }
  }

  clear(): void {
    this.#runs.clear()
  }

  /** @param batch borrowed; its slab is retained for every packet kept */
  receive(batch: ReceivedBatch): void {
    const { slab, offsets, lengths, arrivedAt, indices } = batch
    for (let i = 0; i < batch.count; i++) {
      const offset = offsets[i]!
      if (!this.#packet.read(slab.bytes, offset, offset + lengths[i]!)) continue
      const { ssrc } = this.#packet
      const run = this.#runs.get(ssrc)
      if (!run) continue
      const sent = indices?.[i]
      const known = sent === undefined || Number.isNaN(sent) ? undefined : sent
      const { publication, layer, base } = run
      const index = publication.take(layer, this.#packet, slab, arrivedAt[i]!, known)
      this.#touched.add(publication)
      if (run.routed) continue
      // The next ones need not wait for us.
      run.routed = true
      this.#plane.route(this.#peer, ssrc, layer.logId, index, base)
    }
    for (const publication of this.#touched) publication.flush()
    this.#touched.clear()
  }
}
