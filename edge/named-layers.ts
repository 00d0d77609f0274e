import { bySize, type SelectableLayer } from '#relay/layer-selection.ts'

/** A layer as the extensions see it; a `ViewedLayer` is one. */
export interface ReportableLayer extends SelectableLayer {
  bitsPerSecond(now: number): number
}

/** What the extensions call a layer (WHEP-89, 100): as `allowedLayers` understands it. */
export interface NamedLayer<Layer extends ReportableLayer> {
  readonly layer: Layer
  readonly rid: string | undefined
  /**
   * Place of its encoding among those of known size, from the smallest; where there is one encoding
   * only, the highest spatial layer in it. Undefined while the size is not known.
   */
  readonly spatialLayerId: number | undefined
  /** Undefined where the encoding is not known to have temporal layers. */
  readonly temporalLayerId: number | undefined
}

export function namedLayers<Layer extends ReportableLayer>(
  layers: readonly Layer[],
): NamedLayer<Layer>[] {
  const rids = Array.from(new Set(bySize(layers).map(({ rid }) => rid)))
  return layers.map((layer) => {
    const place = rids.indexOf(layer.rid)
    return {
      layer,
      rid: layer.rid,
      spatialLayerId: rids.length === 1 ? (layer.spatialId ?? 0) : place < 0 ? undefined : place,
      temporalLayerId: layer.temporalId,
    }
  })
}
