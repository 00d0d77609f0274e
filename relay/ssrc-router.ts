import type { RtpPacket } from '#rtp/packet.ts'
import type { PublishedTrack } from '#webrtc/sdp/publish-answer.ts'
import type { UpLayer } from './up-layer.ts'

/** Where packets of one SSRC belong. */
export interface Route {
  readonly layer: UpLayer
  readonly format: PublishedTrack
  readonly repair: boolean
}

export interface RoutedMedia {
  readonly format: PublishedTrack
  readonly layers: readonly UpLayer[]
}

/** SSRCs a publisher may use: four layers with RTX, audio, and as many again for restarts. */
const maxRoutes = 24

/**
 * Finds the layer of a packet. Extensions name it only at the start of a stream, so what they
 * say is latched per SSRC (IO-67); OBS's audio carries none at all, so the payload type and the
 * SSRC lines of the offer count too (IO-29).
 */
export class SsrcRouter {
  readonly #media: readonly RoutedMedia[]
  readonly #routes = new Map<number, Route>()

  constructor(media: readonly RoutedMedia[]) {
    this.#media = media
  }

  /** Undefined for a packet of nothing that was negotiated. */
  route(packet: RtpPacket): Route | undefined {
    const { ssrc } = packet
    const known = this.#routes.get(ssrc)
    if (known) return known
    if (this.#routes.size === maxRoutes) return undefined
    const route = this.#resolve(packet)
    if (!route) return undefined
    this.#routes.set(ssrc, route)
    if (!route.repair) route.layer.ssrc = ssrc
    return route
  }

  #resolve(packet: RtpPacket): Route | undefined {
    const { payloadType } = packet
    for (const { format, layers } of this.#media) {
      const repair = payloadType === format.rtxPayloadType
      if (!repair && payloadType !== format.payloadType) continue
      const layer = repair
        ? repairedLayer(packet, format, layers)
        : mediaLayer(packet, format, layers)
      return layer && { layer, format, repair }
    }
    return undefined
  }
}

function mediaLayer(
  packet: RtpPacket,
  format: PublishedTrack,
  layers: readonly UpLayer[],
): UpLayer | undefined {
  const rid = text(packet, format.extensions.rid)
  // OBS sends rid "0" without simulcast too, where the only layer has none (IO-21).
  const named = layers.find((layer) => layer.rid !== undefined && layer.rid === rid)
  return named ?? (layers.length === 1 ? layers[0] : undefined)
}

function repairedLayer(
  packet: RtpPacket,
  format: PublishedTrack,
  layers: readonly UpLayer[],
): UpLayer | undefined {
  if (layers.length === 1) return layers[0]
  const rid = text(packet, format.extensions.repairedRid)
  const named = layers.find((layer) => layer.rid !== undefined && layer.rid === rid)
  if (named) return named
  const group = format.fidGroups.find(({ repair }) => repair === packet.ssrc)
  return group && layers.find((layer) => layer.ssrc === group.media)
}

function text(packet: RtpPacket, id: number | undefined): string | undefined {
  return id === undefined ? undefined : packet.extension(id)?.toString('latin1')
}
