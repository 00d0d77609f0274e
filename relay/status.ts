import type { LivePublication } from './live-publication.ts'
import type { Stream } from './stream.ts'
import type {
  AudioStatus,
  LayerStatus,
  PublisherStatus,
  StreamStatus,
  VideoStatus,
} from './stream-status.ts'
import type { UpLayer } from './up-layer.ts'
import type { ViewedLayer } from './viewed-layer.ts'
import { streamWarnings } from './warnings.ts'

/** @param now monotonic ms */
export function streamStatus(stream: Stream, now: number): StreamStatus {
  const { publication, name, epoch, since, viewers } = stream
  const publisher = publication && publisherStatus(publication, now)
  const layers = publication?.layers
  const video = layers?.video?.active ? videoStatus(layers.video, now) : undefined
  const channels = publication?.format.audio?.channels
  const audio = layers?.audio?.active ? audioStatus(layers.audio, channels, now) : undefined
  return {
    name,
    state: publication ? 'live' : 'inactive',
    epoch,
    since: new Date(since).toISOString(),
    publisher,
    video,
    layers: publication && layerStatuses(stream, publication, now),
    audio,
    viewers: viewers.size,
    joins: stream.joins.summary(),
    warnings: publication ? streamWarnings({ publisher, video, audio }) : [],
  }
}

function publisherStatus(publication: LivePublication, now: number): PublisherStatus {
  const { layers, client, startedAt, nacks } = publication
  const measured = layers.video ?? layers.audio
  return {
    client,
    connectedMs: Math.round(now - startedAt),
    bitrate: sum(layers.all.map((layer) => bitsPerSecond(layer, now))),
    lossFraction: measured?.lossFraction ?? 0,
    nacks,
    jitterMs: Math.round(measured?.jitterMs ?? 0),
  }
}

function videoStatus(layer: UpLayer, now: number): VideoStatus {
  const { codec, facts } = layer.inspector!
  const { log } = layer
  const sinceKeyframe = log.keyframeAge(now, layer.clockRate) ?? 0
  return {
    codec,
    profileLevelId: facts.profile,
    width: facts.width,
    height: facts.height,
    bitrate: bitsPerSecond(layer, now),
    framesPerSecond: Math.round(layer.framesPerSecond(now)),
    gopMs: Math.round(Math.max(layer.keyframeInterval ?? 0, sinceKeyframe)),
    gopPackets: log.keyframe === undefined ? 0 : log.end - log.keyframe,
    reordered: facts.reordered,
    answersKeyframeRequests: layer.keyframes.answers,
    replay: log.keyframe !== undefined ? 'ready' : log.capped ? 'log-full' : 'no-keyframe-yet',
  }
}

function layerStatuses(
  { viewers }: Stream,
  { layers }: LivePublication,
  now: number,
): LayerStatus[] | undefined {
  if (!layers.layered) return undefined
  const watched = new Map<ViewedLayer, number>()
  for (const { video } of viewers) {
    if (video?.layer) watched.set(video.layer, (watched.get(video.layer) ?? 0) + 1)
  }
  return layers.offered.map(({ layer }) => ({
    rid: layer.rid,
    spatialId: layer.spatialId,
    temporalId: layer.temporalId,
    width: layer.inspector?.facts.width,
    height: layer.inspector?.facts.height,
    bitrate: bitsPerSecond(layer, now),
    framesPerSecond: Math.round(layer.framesPerSecond(now)),
    viewers: watched.get(layer) ?? 0,
  }))
}

function audioStatus(layer: UpLayer, channels: number | undefined, now: number): AudioStatus {
  return {
    codec: layer.codec,
    channels: channels ?? 1,
    bitrate: bitsPerSecond(layer, now),
  }
}

function bitsPerSecond(layer: ViewedLayer, now: number): number {
  return Math.round(layer.bitsPerSecond(now))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
