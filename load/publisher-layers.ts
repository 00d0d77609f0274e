import { randomBytes } from 'node:crypto'
import type { OfferedVideo } from '#webrtc/sdp/client.ts'
import {
  publishExtensions,
  publishPayloadTypes,
  repairExtensions,
} from '#webrtc/sdp/client-sections.ts'
import type { BrowserLayer } from './browser-video.ts'
import type { OutgoingTrackOptions } from './outgoing-track.ts'

/** Whose offer and packets a publisher's are like. */
export const publisherKinds = ['obs', 'browser'] as const
export type PublisherKind = (typeof publisherKinds)[number]

/** As many as OBS sends. */
export const maxLayers = 4

export interface PublisherSsrcs {
  readonly audio: number
  /** Of the first layer. The others follow it, and then their retransmissions. */
  readonly video: number
}

const rids: Readonly<Record<PublisherKind, readonly string[]>> = {
  obs: ['0', '1', '2', '3'],
  browser: ['h', 'm', 'l', 't'],
}

/** As many as libdatachannel keeps for OBS. */
const history = 512
/** A browser names its packets until the first report of the receiver, about (INTEROP IO-67). */
const namedFor = 1000

export function offeredVideo(as: PublisherKind, layers: number, ssrc: number): OfferedVideo {
  const rtx = as === 'browser'
  if (layers > 1) return { rids: rids[as].slice(0, layers), rtx }
  return rtx ? { ssrc, rtx, rtxSsrc: ssrc + maxLayers } : { ssrc }
}

/** Numbered from 0 in every session and layer, named on every packet (INTEROP IO-21, IO-29). */
export function obsLayers(layers: number, firstSsrc: number): OutgoingTrackOptions[] {
  return rids.obs.slice(0, layers).map((rid, layer) => ({
    ssrc: firstSsrc + layer,
    payloadType: publishPayloadTypes.H264,
    clockRate: 90_000,
    firstSequenceNumber: 0,
    firstTimestamp: 0,
    extensions: [
      { id: publishExtensions.mid, data: Buffer.from('1') },
      { id: publishExtensions.rid, data: Buffer.from(rid) },
    ],
    history,
  }))
}

/** Numbers and clocks from anywhere; packets of all layers and repairs in one transport's count. */
export function browserLayers(layers: number, firstSsrc: number): BrowserLayer[] {
  const transport = { id: repairExtensions.transportCc, next: 0 }
  return rids.browser.slice(0, layers).map((rid, layer) => {
    const common = {
      clockRate: 90_000,
      firstTimestamp: randomBytes(4).readUInt32BE(),
      extensionsFor: namedFor,
      transport,
      history,
    }
    const named = (id: number) => [
      { id: publishExtensions.mid, data: Buffer.from('1') },
      ...(layers > 1 ? [{ id, data: Buffer.from(rid) }] : []),
    ]
    return {
      media: {
        ...common,
        ssrc: firstSsrc + layer,
        payloadType: publishPayloadTypes.H264,
        firstSequenceNumber: firstNumber(),
        extensions: named(publishExtensions.rid),
      },
      repair: {
        ...common,
        ssrc: firstSsrc + maxLayers + layer,
        payloadType: publishPayloadTypes.rtx,
        firstSequenceNumber: firstNumber(),
        extensions: named(repairExtensions.repairedRid),
      },
    }
  })
}

/** The lower half: a loss at the first wrap could cost the receiver its index (SRTP-16). */
export function firstNumber(): number {
  return randomBytes(2).readUInt16BE() >> 1
}
