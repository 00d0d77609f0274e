import type { Slab } from '#native/slab.ts'
import { SlabPool, slabSize } from '#native/slab.ts'
import { buildRtp, type RtpHeader } from '#rtp/packet.ts'

/** A packet in packet memory, its slab referenced by whoever wrote it. */
export interface WrittenPacket {
  readonly slab: Slab
  readonly offset: number
  readonly length: number
}

/** Writes packets into slabs one behind the other, as the receiver of a peer does. */
export class SlabWriter {
  readonly #pool: SlabPool
  #slab: Slab | undefined
  #used = 0

  constructor(pool = new SlabPool()) {
    this.#pool = pool
  }

  write(packet: Buffer): WrittenPacket {
    if (this.#slab && this.#used + packet.length > slabSize) this.close()
    this.#slab ??= this.#pool.take()
    const offset = this.#used
    packet.copy(this.#slab.bytes, offset)
    this.#used += packet.length
    return { slab: this.#slab, offset, length: packet.length }
  }

  /** Gives up the writer's own reference. */
  close(): void {
    this.#slab?.release()
    this.#slab = undefined
    this.#used = 0
  }
}

/** An RTP packet whose payload says which one it is. */
export function labelled(label: string, header: Partial<RtpHeader> = {}, size = 0): Buffer {
  const payload = Buffer.alloc(Math.max(size - 12, label.length + 1))
  payload.write(`${label}\0`)
  return buildRtp(
    { payloadType: 96, sequenceNumber: 0, timestamp: 0, ssrc: 0x5eed, ...header },
    payload,
  )
}

/** The label of a packet made by `labelled`, from its payload. */
export function labelOf(payload: Buffer): string {
  const end = payload.indexOf(0)
  return payload.toString('latin1', 0, end < 0 ? payload.length : end)
}
