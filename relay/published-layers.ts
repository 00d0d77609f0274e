import type { Clock } from '#core/clock.ts'
import type { MediaPlane } from '#native/media-plane.ts'
import type { OfferedLayer } from './adaptation.ts'
import { bySize } from './layer-selection.ts'
import type { UpLayer } from './up-layer.ts'
import type { ViewedLayer } from './viewed-layer.ts'

/** What a publication tells its stream. */
export interface LayersListener {
  /** A keyframe began in a layer. */
  keyframe(layer: ViewedLayer): void
  /** Of several layers: what there is to choose from was looked at again. */
  offered(now: number): void
}

/** Between two looks at what the layers take, in ms. */
const offerInterval = 250
/** Keyframes between two that have the layers looked at at once: as many as begin together. */
const mostEarlyOffers = 8

/** The layers of one publication: which of them viewers see, and which there are to choose from. */
export class PublishedLayers {
  readonly audio: UpLayer | undefined
  readonly videoLayers: readonly UpLayer[]
  readonly #plane: MediaPlane
  readonly #clock: Clock
  readonly #listener: LayersListener
  readonly #touched = new Set<UpLayer>()
  #video: UpLayer | undefined
  #offered: readonly OfferedLayer[] = []
  #offeredAt = Number.NEGATIVE_INFINITY
  #earlyOffers = 0

  constructor(
    layers: { readonly audio: UpLayer | undefined; readonly video: readonly UpLayer[] },
    services: {
      readonly plane: MediaPlane
      readonly clock: Clock
      readonly listener: LayersListener
    },
  ) {
    this.audio = layers.audio
    this.videoLayers = layers.video
    this.#plane = services.plane
    this.#clock = services.clock
    this.#listener = services.listener
  }

  /** The layer that viewers watch: the largest picture seen, or the only one. */
  get video(): UpLayer | undefined {
    return this.#video ?? this.videoLayers[0]
  }

  /** Whether viewers can be given more or less of it: simulcast, or an encoding of layers. */
  get layered(): boolean {
    return this.videoLayers.length > 1 || (this.videoLayers[0]?.lower.length ?? 0) > 0
  }

  /** Layers that come, from the smallest picture to the largest, and what they take. */
  get offered(): readonly OfferedLayer[] {
    return this.#offered
  }

  /** All of them, sound first. */
  get all(): readonly UpLayer[] {
    return this.audio ? [this.audio, ...this.videoLayers] : this.videoLayers
  }

  /** Pictures that viewers can be sent, whether they are sent now or not. */
  get viewed(): readonly ViewedLayer[] {
    return this.videoLayers.flatMap((layer) => [...layer.lower, layer])
  }

  /** A packet was stored in the layer: `flush` delivers it. */
  touch(layer: UpLayer): void {
    this.#touched.add(layer)
  }

  /**
   * All is delivered before anybody hears of a keyframe: a replay started by it reads the log up to
   * its end, and must not meet the same packets again as fresh ones.
   */
  flush(): void {
    for (const layer of this.#touched) this.#flush(layer)
    this.#touched.clear()
  }

  poll(now: number, hasViewers: boolean): void {
    if (hasViewers) this.#replaceSilent(now)
    if (!this.layered || now - this.#offeredAt < offerInterval) return
    this.#offeredAt = now
    this.#earlyOffers = 0
    this.#offer(now)
    this.#listener.offered(now)
  }

  close(): void {
    for (const layer of this.all) layer.close()
  }

  #flush(layer: UpLayer): void {
    if (layer.flush()) this.#keyframe(layer)
    const { clock } = layer
    for (const lower of layer.lower) {
      if (!lower.flush()) continue
      // It may have begun with this keyframe.
      if (clock) this.#plane.setClock(lower.logId, clock)
      this.#listener.keyframe(lower)
    }
  }

  #keyframe(layer: UpLayer): void {
    const shown = this.#video
    const now = this.#clock.now()
    const isBetter = !shown || pixels(layer) > pixels(shown) || isSilent(shown, now)
    if (isBetter) this.#video = layer
    if (this.layered && this.#earlyOffers++ < mostEarlyOffers) this.#offer(now)
    this.#listener.keyframe(layer)
  }

  #offer(now: number): void {
    const { viewed } = this
    for (const layer of viewed) layer.rate.sample(layer.bitsPerSecond(now), now)
    this.#offered = bySize(viewed)
      .filter((layer) => layer.rate.active && isShowable(layer))
      .map((layer) => {
        const { logId: id, rate } = layer
        const { keyframe } = layer.log
        const backlog = keyframe === undefined ? Infinity : layer.log.bytesFrom(keyframe)
        return { layer, id, rate: rate.rate, backlog, reliable: rate.reliable(now) }
      })
  }

  // Short of bandwidth, Chromium stops its largest layer first, and says nothing. A smaller picture
  // is better than one that stands still.
  #replaceSilent(now: number): void {
    const shown = this.#video
    if (!shown || this.videoLayers.length === 1 || !isSilent(shown, now)) return
    for (const layer of this.videoLayers) if (!isSilent(layer, now)) layer.keyframes.want()
  }
}

/**
 * Viewers get no dependency descriptor, and without it browsers cannot tell the frames of an AV1
 * picture apart: of several sizes, they show the smallest alone.
 */
function isShowable({ codec, spatialId = 0 }: ViewedLayer): boolean {
  return codec !== 'AV1' || spatialId === 0
}

/** Whether its publisher has sent nothing for about a second. */
function isSilent(layer: UpLayer, now: number): boolean {
  return layer.bitsPerSecond(now) === 0
}

function pixels(layer: UpLayer): number {
  const { width = 0, height = 0 } = layer.inspector?.facts ?? {}
  return width * height
}
