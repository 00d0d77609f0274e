import { SlabPool } from '#native/slab.ts'
import { buildRtp, RtpPacket } from '#rtp/packet.ts'
import { packetsPerFrame } from './arrivals.ts'
import type { FanOutRig } from './fan-out-rig.ts'

const payload = Buffer.alloc(1100, 0x41)

/** Puts frames into a rig's video layer without a network, as fast as they leave again. */
export class FrameFeed {
  readonly #rig: FanOutRig
  readonly #pool = new SlabPool()
  readonly #packet = new RtpPacket()
  #slab = this.#pool.take()
  #offset = 0
  #count = 0

  constructor(rig: FanOutRig) {
    this.#rig = rig
  }

  /** @returns copies that have left, once all have or never will */
  async feed(frames: number): Promise<number> {
    const before = this.#rig.sent
    const viewers = this.#rig.tracks.length
    // A few milliseconds of work at once: a job that waits longer than 100 ms would be dropped.
    const atOnce = Math.max(1, Math.floor(2000 / viewers))
    for (let fed = 0; fed < frames; fed += atOnce) {
      const expected = this.#done + Math.min(atOnce, frames - fed) * packetsPerFrame * viewers
      for (let i = fed; i < Math.min(frames, fed + atOnce); i++) this.#frame()
      await this.#until(expected)
    }
    return this.#rig.sent - before
  }

  /** For replays: nobody is there to send to. */
  fill(frames: number): void {
    for (let i = 0; i < frames; i++) this.#frame()
  }

  get #done(): number {
    return this.#rig.sent + this.#rig.dropped
  }

  #frame(): void {
    for (let i = 0; i < packetsPerFrame; i++) this.#put(i === packetsPerFrame - 1)
    this.#rig.video.flush()
  }

  #put(marker: boolean): void {
    const sequenceNumber = this.#count & 0xffff
    const timestamp = Math.floor(this.#count / packetsPerFrame) * 3000
    const packet = buildRtp(
      { payloadType: 96, sequenceNumber, timestamp, ssrc: 1, marker },
      payload,
    )
    if (this.#offset + packet.length > this.#slab.bytes.length) {
      this.#slab.release()
      this.#slab = this.#pool.take()
      this.#offset = 0
    }
    packet.copy(this.#slab.bytes, this.#offset)
    this.#packet.read(this.#slab.bytes, this.#offset, this.#offset + packet.length)
    const now = performance.now()
    this.#rig.video.receive(this.#packet, this.#slab, { now, repaired: false, sent: undefined })
    this.#offset += packet.length
    this.#count++
  }

  // An idle thread costs nothing that is counted.
  async #until(done: number): Promise<void> {
    const patience = performance.now() + 5000
    while (this.#done < done) {
      if (performance.now() > patience) throw new Error(`${done - this.#done} never left`)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
}
