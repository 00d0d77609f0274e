import type { StreamDescription } from '#control/registry.ts'
import type { LivePublication, LiveTrack } from '#relay/live-publication.ts'
import type { UpLayer } from '#relay/up-layer.ts'

/**
 * What the registry tells of a publication: enough to answer a viewer on a node that has no packet
 * of it yet. Some 300 bytes: every node has that of every stream.
 */
export function describePublication({ format, layers }: LivePublication): StreamDescription {
  const { audio, video, videoLayers } = layers
  return {
    tracks: [
      ...(format.audio && audio ? [describeTrack(format.audio, [audio])] : []),
      ...(format.video && video ? [describeTrack(format.video, videoLayers, video)] : []),
    ],
  }
}

/** @param shown the layer that viewers watch, whose bytes say what the offer may have told wrong */
function describeTrack(track: LiveTrack, layers: readonly UpLayer[], shown?: UpLayer) {
  const { kind, codec, payloadType, clockRate, channels } = track
  const profile = shown?.inspector?.facts.profile ?? track.profile
  const rids = layers.flatMap(({ rid }) => (rid === undefined ? [] : [rid]))
  return {
    ...{ kind, codec, payloadType, clockRate },
    ...(channels !== undefined && { channels }),
    ...(profile !== undefined && { profile }),
    ...(rids.length > 0 && { rids }),
  }
}
