import { namedLayers, type ReportableLayer } from './named-layers.ts'

/** As the `layers` event shows it (WHEP-89). */
interface LayerObject {
  readonly rid?: string
  readonly spatialLayerId?: number
  readonly temporalLayerId?: number
  /** Bits per second; 0: it is not sent now (WHEP-90). */
  readonly bitrate: number
  readonly width?: number
  readonly height?: number
}

/** A rate that has moved by less is no news: rates of encoders always move a little. */
const notableChange = 0.2

/**
 * The layers of one stream for the `layers` event, made once for all of its viewers. It stays
 * the same, letter for letter, until a layer comes, goes, or changes notably.
 */
export class LayerReport {
  #layers: readonly ReportableLayer[] = []
  #objects: readonly LayerObject[] = []
  readonly #texts = new Map<ReportableLayer | undefined, string>()

  /** @param now monotonic ms */
  update(layers: readonly ReportableLayer[], now: number): void {
    const objects = describe(layers, now)
    const isSame =
      layers.length === this.#layers.length &&
      layers.every((layer, i) => layer === this.#layers[i]) &&
      objects.every((object, i) => isLike(object, this.#objects[i]!))
    if (isSame) return
    this.#layers = layers
    this.#objects = objects
    this.#texts.clear()
  }

  /** @param shown what the viewer is sent now: marked as `selected`, which the draft leaves open */
  text(shown: ReportableLayer | undefined): string {
    const known = this.#texts.get(shown)
    if (known !== undefined) return known
    const marked = this.#objects.map((object, i) =>
      this.#layers[i] === shown ? { ...object, selected: true } : object,
    )
    const text = JSON.stringify(marked)
    // A viewer may still show a layer of a publication that has ended.
    if (shown === undefined || this.#layers.includes(shown)) this.#texts.set(shown, text)
    return text
  }
}

function describe(layers: readonly ReportableLayer[], now: number): LayerObject[] {
  return namedLayers(layers).map(({ layer, rid, spatialLayerId, temporalLayerId }) => {
    const { width, height } = layer.inspector?.facts ?? {}
    return {
      ...(rid !== undefined && { rid }),
      ...(spatialLayerId !== undefined && { spatialLayerId }),
      ...(temporalLayerId !== undefined && { temporalLayerId }),
      bitrate: Math.round(layer.bitsPerSecond(now)),
      ...(width !== undefined && { width }),
      ...(height !== undefined && { height }),
    }
  })
}

function isLike(object: LayerObject, before: LayerObject): boolean {
  return (
    object.width === before.width &&
    object.height === before.height &&
    object.spatialLayerId === before.spatialLayerId &&
    object.temporalLayerId === before.temporalLayerId &&
    object.bitrate > 0 === before.bitrate > 0 &&
    Math.abs(object.bitrate - before.bitrate) <= notableChange * before.bitrate
  )
}
