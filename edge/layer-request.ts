import { type Static, Type } from 'typebox'
import { HttpError } from '#control/http/http-error.ts'
import { checkedJson } from '#control/http/json-body.ts'
import { automatic, type LayerSelection } from '#relay/layer-selection.ts'
import { type NamedLayer, namedLayers, type ReportableLayer } from './named-layers.ts'

const layerId = Type.Integer({ minimum: 0, maximum: 7 })
const pixels = Type.Integer({ minimum: 1, maximum: 65_535 })
// A rid or mid of ours is never longer (RFC 8851 §10).
const name = Type.String({ minLength: 1, maxLength: 64 })

// Members beside these are let pass: players of tomorrow may send some.
const LayerRequest = Type.Object({
  mediaId: Type.Optional(name),
  rid: Type.Optional(name),
  /** What `rid` is called by older players (WHEP-103). */
  encodingId: Type.Optional(name),
  spatialLayerId: Type.Optional(layerId),
  temporalLayerId: Type.Optional(layerId),
  maxSpatialLayerId: Type.Optional(layerId),
  maxTemporalLayerId: Type.Optional(layerId),
  maxWidth: Type.Optional(pixels),
  maxHeight: Type.Optional(pixels),
})
/** The body of a POST to a session's `layer` (WHEP-100). */
export type LayerRequest = Readonly<Static<typeof LayerRequest>>

/** What there is to pick from. */
export interface PickableMedia {
  /** m-line of the session's video, from 0; undefined: it takes none. */
  readonly section: number | undefined
  readonly layers: readonly ReportableLayer[]
}

/** @throws HttpError 400 for members that are not as WHEP-100 has them */
export function layerRequest(body: unknown): LayerRequest {
  const members = Object.keys(LayerRequest.properties)
  return checkedJson(LayerRequest, body, `a JSON object of ${members.join(', ')}`)
}

/**
 * The selection that a request stands for.
 *
 * @param now monotonic ms
 * @throws HttpError 422 for a layer that there is not, 409 for one that is not sent now
 */
export function selectionOf(
  { mediaId, encodingId, rid = encodingId, ...limits }: LayerRequest,
  { section, layers }: PickableMedia,
  now: number,
): LayerSelection {
  // Broadcast Box's players name the video "1", whichever m-line it has (WHEP-93).
  const isOlder = encodingId !== undefined && mediaId === '1'
  // By itself `{"mediaId":"0"}` takes a choice back (WHEP-102), as players send it to any session.
  const isBack = rid === undefined && Object.keys(limits).length === 0 && mediaId === '0'
  const isOurs = mediaId === undefined || mediaId === String(section) || isOlder || isBack
  if (section === undefined || !isOurs) {
    throw new HttpError(422, 'mediaId is the index of no video m-line of this session')
  }
  const { spatialLayerId, temporalLayerId, maxSpatialLayerId } = limits
  const picked = namedLayers(layers).filter((named) => {
    return (
      (rid === undefined || named.rid === rid) &&
      (spatialLayerId === undefined || named.spatialLayerId === spatialLayerId) &&
      (temporalLayerId === undefined || (named.temporalLayerId ?? 0) === temporalLayerId)
    )
  })
  const isPick = rid !== undefined || spatialLayerId !== undefined || temporalLayerId !== undefined
  if (isPick) checkSent(picked, now)
  const { maxTemporalLayerId, maxWidth, maxHeight } = limits
  const selection = {
    ...(rid !== undefined && { rid }),
    ...(spatialLayerId !== undefined && { spatialLayerId }),
    ...(temporalLayerId !== undefined && { temporalLayerId }),
    ...(maxSpatialLayerId !== undefined && { maxSpatialLayerId }),
    ...(maxTemporalLayerId !== undefined && { maxTemporalLayerId }),
    ...(maxWidth !== undefined && { maxWidth }),
    ...(maxHeight !== undefined && { maxHeight }),
  }
  return Object.keys(selection).length > 0 ? selection : automatic
}

function checkSent(picked: readonly NamedLayer<ReportableLayer>[], now: number): void {
  if (picked.length === 0) {
    throw new HttpError(422, 'there is no such layer: see the "layers" event')
  }
  if (picked.every(({ layer }) => layer.bitsPerSecond(now) === 0)) {
    throw new HttpError(409, 'this layer is not sent now: pick another, or ask again later')
  }
}
