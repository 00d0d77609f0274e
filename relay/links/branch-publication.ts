import type { MessageOf } from '#control/messages.ts'
import type { LogClock } from '#native/media-plane.ts'
import type { Stream } from '#relay/stream.ts'
import type { BranchServices } from './branch-services.ts'
import type { LayerName, LayerState, WantedLayers } from './link-description.ts'
import { LinkedPublication } from './linked-publication.ts'
import type { Uplink } from './uplink.ts'

type ShownServices = Pick<BranchServices, 'plane' | 'clock' | 'scheduler'>

/** What a stream shows that comes over links: one epoch after the other, whoever the parent is. */
export class BranchPublication {
  readonly #stream: Stream
  readonly #services: ShownServices
  #publication: LinkedPublication | undefined

  constructor(stream: Stream, services: ShownServices) {
    this.#stream = stream
    this.#services = services
  }

  get publication(): LinkedPublication | undefined {
    return this.#publication
  }

  get epoch(): number | undefined {
    return this.#publication?.epoch
  }

  /** What is held of it, for a parent to go on behind. */
  have(): MessageOf<'subscribe'>['have'] {
    const publication = this.#publication
    if (!publication) return []
    return publication.have().map((held) => ({ epoch: publication.epoch, ...held }))
  }

  /** Goes on with the epoch, or begins it. */
  show(uplink: Uplink, message: MessageOf<'subscribed' | 'epoch'>): void {
    const { clock } = this.#services
    const { subscription, tracks } = message
    if (this.#publication?.epoch !== message.epoch) this.#begin(message)
    const publication = this.#publication!
    const source = {
      get roundTrip() {
        return uplink.roundTrip
      },
      nack: (ssrc: number, lost: readonly number[]) => uplink.nack(ssrc, lost),
      requestKeyframe: (layers: LayerName[]) => uplink.keyframe(subscription, layers),
      want: (layers: LayerName[]) => uplink.want(subscription, layers),
      runs: uplink.runs,
    }
    publication.comesFrom(source, tracks)
    if (this.#stream.publication !== publication) {
      this.#stream.publish(publication, clock.now(), clock.wall())
    }
  }

  update(states: readonly LayerState[]): void {
    this.#publication?.update(states)
  }

  setClock(layer: LayerName, clock: LogClock): void {
    this.#publication?.setClock(layer, clock)
  }

  /** For a parent to be asked for: all, while nothing is known. */
  get wanted(): WantedLayers {
    return this.#publication?.wanted ?? 'all'
  }

  /** The parent is lost. What is here stays. */
  orphan(): void {
    this.#publication?.orphan()
  }

  end(): void {
    const publication = this.#publication
    if (!publication) return
    const { clock, scheduler } = this.#services
    this.#publication = undefined
    scheduler.remove(publication)
    this.#stream.unpublish(publication, clock.now(), clock.wall())
  }

  #begin(message: MessageOf<'subscribed' | 'epoch'>): void {
    this.end()
    const { plane, clock, scheduler } = this.#services
    this.#publication = new LinkedPublication(message, {
      plane,
      clock,
      scheduler,
      listener: {
        keyframe: (layer) => this.#stream.keyframe(layer, clock.now()),
        offered: (at) => this.#stream.fit(at),
      },
      wants: (layer) => this.#stream.wants(layer),
    })
    scheduler.add(this.#publication)
  }
}
