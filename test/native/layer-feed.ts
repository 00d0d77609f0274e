import type { PeerId, ReceivedBatch } from '#native/media-plane.ts'
import type { PacketLogLimits } from '#relay/packet-log.ts'
import { SequenceUnwrapper } from '#rtp/sequence.ts'
import { labelled } from '#test/support/stored-packets.ts'
import { headerOf, type LogFeed } from './log-feed.ts'
import type { PlaneRig } from './plane-rig.ts'
import type { SecuredPeer } from './secured-peer.ts'

/** What `SequenceUnwrapper` adds to the first number it sees. */
const ingestOffset = 0x10000

/** A publisher that is known to the plane. */
export interface Publisher {
  readonly id: PeerId
  readonly peer: SecuredPeer
}

/**
 * One stream of a publisher on its way through a real port into a log, routed as the relay routes
 * it. The spec counts packets by the publisher's own 48-bit index.
 */
export class LayerFeed {
  readonly ssrc: number
  readonly log: LogFeed
  readonly #rig: PlaneRig
  readonly #publisher: Publisher
  readonly #unwrapper = new SequenceUnwrapper()
  #sent = 0
  #received = 0
  #routed = false
  #held: number[] | undefined

  constructor(
    rig: PlaneRig,
    publisher: Publisher,
    stream: { readonly ssrc: number; readonly name: string; readonly limits: PacketLogLimits },
  ) {
    this.#rig = rig
    this.#publisher = publisher
    this.ssrc = stream.ssrc
    this.log = rig.log(stream.name, stream.limits)
  }

  /** The publisher sends a packet. */
  send(index: number): void {
    const { peer } = this.#publisher
    const header = { ...headerOf(index), ssrc: this.ssrc }
    const packet = labelled(`${this.log.name}${index}`, header, 1000)
    peer.send(peer.protect(packet, index), this.#rig.port)
    this.#sent++
  }

  /** Whether all that was sent has come. */
  get hasAll(): boolean {
    return this.#received === this.#sent
  }

  /** The ingest stores a repair for the index, which says what it likes, and delivers it. */
  repair(index: number, label: string): void {
    this.log.put(index + ingestOffset, labelled(label, headerOf(index), 600))
  }

  /** From now on the plane is told of nothing. */
  hold(): void {
    this.#held = []
  }

  /** The plane is told of all that came meanwhile. */
  release(): void {
    const held = Float64Array.from(this.#held ?? [])
    this.#held = undefined
    this.#rig.plane.deliver(this.log.id, held, held.length)
  }

  /**
   * Stores what was announced, as the relay does, and delivers it if it was news to the log, even
   * where the plane has sent it already, maybe with other bytes.
   */
  receive({ slab, offsets, lengths, indices }: ReceivedBatch, at: number): void {
    this.#received++
    const given = indices?.[at] ?? Number.NaN
    const sequenceNumber = slab.bytes.readUInt16BE(offsets[at]! + 2)
    const index = Number.isNaN(given) ? this.#unwrapper.unwrap(sequenceNumber) : given
    this.#unwrapper.follow(index)
    const { log } = this
    const fresh = log.packets.append(index, slab, offsets[at]!, lengths[at]!, log.now)
    if (fresh && this.#held) this.#held.push(index)
    else if (fresh) this.#rig.plane.deliver(log.id, Float64Array.of(index), 1)
    if (this.#routed) return
    this.#routed = true
    this.#rig.plane.route(this.#publisher.id, this.ssrc, log.id, index)
  }
}
