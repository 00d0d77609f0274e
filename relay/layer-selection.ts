/**
 * What a viewer asked to see (WHEP extension `layer`, WHEP-100..105). Every member is a ceiling: a
 * link that does not carry it gets less. Without a member the relay decides; `{}` is automatic.
 */
export interface LayerSelection {
  /** This simulcast encoding, while the publication has it. */
  readonly rid?: string
  /**
   * Counts the simulcast layers by ascending size, from 0; where there is one encoding only, the
   * spatial layers within it.
   */
  readonly spatialLayerId?: number
  /** Within an encoding, from 0: the layer and all below it. */
  readonly temporalLayerId?: number
  readonly maxSpatialLayerId?: number
  readonly maxTemporalLayerId?: number
  /** Pixels. */
  readonly maxWidth?: number
  readonly maxHeight?: number
}

/** Of a layer, what a selection goes by; a `ViewedLayer` is one. */
export interface SelectableLayer {
  readonly rid: string | undefined
  /** Sizes in pixels, as the last keyframe told them. */
  readonly inspector:
    | {
        readonly facts: {
          readonly width?: number | undefined
          readonly height?: number | undefined
        }
      }
    | undefined
  /** Within its encoding: the highest layers that are in it. */
  readonly spatialId?: number | undefined
  readonly temporalId?: number | undefined
}

/** As chosen by the relay alone. */
export const automatic: LayerSelection = {}

/**
 * The layers that a selection leaves to choose from, by ascending size: the last one is what was
 * asked for, those before it are for when the link carries less (WHEP-105). All bounds hold at
 * once. Never empty unless `layers` is: where a bound lies below the smallest picture, that one is
 * what is left; and a rid that this publication does not have bounds nothing.
 */
export function allowedLayers<Layer extends SelectableLayer>(
  layers: readonly Layer[],
  selection: LayerSelection,
): Layer[] {
  const ascending = bySize(layers)
  const rids = Array.from(new Set(ascending.map(({ rid }) => rid)))
  const highestRid = Math.min(
    rids.length > 1 ? spatialCeiling(selection) : Number.POSITIVE_INFINITY,
    ridCeiling(rids, selection.rid),
  )
  const allowed = ascending.filter((layer) => {
    return (
      rids.indexOf(layer.rid) <= highestRid &&
      (rids.length > 1 || (layer.spatialId ?? 0) <= spatialCeiling(selection)) &&
      (layer.temporalId ?? 0) <= temporalCeiling(selection) &&
      fits(layer, selection)
    )
  })
  return allowed.length > 0 ? allowed : ascending.slice(0, 1)
}

/**
 * By ascending size. Layers of which no keyframe has come have no size and are left out, unless
 * that is so of all: then they stand as the offer lists them.
 */
export function bySize<Layer extends SelectableLayer>(layers: readonly Layer[]): Layer[] {
  const sized = layers.filter((layer) => pixels(layer) > 0)
  if (sized.length === 0) return [...layers]
  return sized.sort((a, b) => pixels(a) - pixels(b))
}

function temporalCeiling({ temporalLayerId, maxTemporalLayerId }: LayerSelection): number {
  return lower(temporalLayerId, maxTemporalLayerId)
}

function spatialCeiling({ spatialLayerId, maxSpatialLayerId }: LayerSelection): number {
  return lower(spatialLayerId, maxSpatialLayerId)
}

function lower(one = Number.POSITIVE_INFINITY, other = Number.POSITIVE_INFINITY): number {
  return Math.min(one, other)
}

function ridCeiling(ascending: readonly (string | undefined)[], rid: string | undefined): number {
  const position = rid === undefined ? -1 : ascending.indexOf(rid)
  return position < 0 ? Number.POSITIVE_INFINITY : position
}

function fits({ inspector }: SelectableLayer, { maxWidth, maxHeight }: LayerSelection): boolean {
  const { width = 0, height = 0 } = inspector?.facts ?? {}
  return (
    width <= (maxWidth ?? Number.POSITIVE_INFINITY) &&
    height <= (maxHeight ?? Number.POSITIVE_INFINITY)
  )
}

function pixels({ inspector }: SelectableLayer): number {
  const { width = 0, height = 0 } = inspector?.facts ?? {}
  return width * height
}
