import type { MessageOf } from '#control/messages.ts'
import type { LogClock } from '#native/media-plane.ts'
import type { LayerRun } from '#relay/layer-run.ts'
import type { LivePublication, LiveTrack } from '#relay/live-publication.ts'
import type { UpLayer } from '#relay/up-layer.ts'

type Publication = MessageOf<'subscribed'>
/** A track as nodes tell each other of it. */
export type LinkTrack = Publication['tracks'][number]
/** One layer of it, with its run where its packets come. */
export type LayerState = MessageOf<'layers'>['layers'][number]
/** What a node wants: layers by name, or all. */
export type WantedLayers = MessageOf<'want'>['wanted']
export type LayerName = MessageOf<'clock'>['layer']

/** Of a message, in characters; what publishers say beyond them is left out. */
const longestProfile = 64
const longestParameters = 1024
/** In pixels and the like. */
const largestFact = 65_535
/** Ms since the Unix epoch. */
const lastWall = 8.64e15
/** As many bytes of parameter sets as a message has room for. */
const mostParameterSets = 8
const longestParameterSet = 1000
/** Of one layer: eight layers then have room in one message. */
const mostParameterBytes = 4000

export function nameOf(layer: UpLayer): LayerName {
  const { codec, rid } = layer
  return { kind: codec === 'opus' ? 'audio' : 'video', ...(rid !== undefined && { rid }) }
}

export function isNamed(layer: UpLayer, { kind, rid }: LayerName): boolean {
  const name = nameOf(layer)
  return name.kind === kind && name.rid === rid
}

/** Names that are not there mean nothing. */
export function wantedOf({ layers }: LivePublication, wanted: WantedLayers): readonly UpLayer[] {
  if (wanted === 'all') return layers.all
  return layers.all.filter((layer) => wanted.some((name) => isNamed(layer, name)))
}

/** The tracks of a publication, with the runs that its child will get. */
export function linkTracks(
  { format, layers }: LivePublication,
  runOf: (layer: UpLayer) => LayerRun | undefined,
  now: number,
): LinkTrack[] {
  return [format.audio, format.video]
    .filter((track) => track !== undefined)
    .map((track): LinkTrack => {
      const own = layers.all.filter((layer) => nameOf(layer).kind === track.kind)
      const { kind, codec, payloadType, clockRate, channels, profile, parameters, extensions } =
        track
      const { dependencyDescriptor } = extensions
      return {
        kind,
        codec,
        payloadType,
        clockRate,
        ...(channels !== undefined && { channels }),
        ...(profile !== undefined && profile.length <= longestProfile && { profile }),
        parameters: parameterText(parameters),
        ...(dependencyDescriptor !== undefined && { dependencyDescriptor }),
        keyframeAnswers: own[0]?.keyframes.answers ?? 'unknown',
        layers: own.map((layer) => {
          const { kind: _kind, ...state } = layerState(layer, runOf(layer), now)
          return state
        }),
      }
    })
}

export function layerState(layer: UpLayer, run: LayerRun | undefined, now: number): LayerState {
  const { clock, inspector, active } = layer
  return {
    ...nameOf(layer),
    offered: active,
    bitrate: layer.bitsPerSecond(now),
    ...(run && { run: { ssrc: run.ssrc, base: run.base, from: run.from, end: run.end } }),
    ...(inspector && { facts: facts(inspector.facts) }),
    ...(clock && isTellable(clock) && { clock: { ...clock } }),
  }
}

/** Whether a clock can be told: a publisher's reports may say anything. */
export function isTellable({ wall }: LogClock): boolean {
  return wall >= 0 && wall <= lastWall
}

/** @returns what `fmtp` says, as a publication has it */
export function liveTrack(track: LinkTrack): LiveTrack {
  const { kind, codec, payloadType, clockRate, channels, profile, dependencyDescriptor } = track
  const parameters = track.parameters.split(';').filter((pair) => pair !== '')
  return {
    kind,
    codec,
    payloadType,
    clockRate,
    ...(channels !== undefined && { channels }),
    ...(profile !== undefined && { profile }),
    parameters: new Map(parameters.map((pair) => pairOf(pair))),
    extensions: { ...(dependencyDescriptor !== undefined && { dependencyDescriptor }) },
  }
}

function parameterText(parameters: ReadonlyMap<string, string>): string {
  const text = Array.from(parameters, ([name, value]) => `${name}=${value}`).join(';')
  return text.length <= longestParameters ? text : ''
}

function pairOf(pair: string): [string, string] {
  const at = pair.indexOf('=')
  return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
}

function facts(
  known: NonNullable<UpLayer['inspector']>['facts'],
): NonNullable<LayerState['facts']> {
  const { parameterSets, reordered, keyframeHasParameterSets, ...rest } = known
  const told = Object.entries(rest).filter(([, value]) => {
    return typeof value === 'string' || (value !== undefined && value <= largestFact)
  })
  return {
    ...Object.fromEntries(told),
    reordered,
    keyframeHasParameterSets,
    parameterSets: tellable(parameterSets).map((set) => set.toString('base64')),
  }
}

function tellable(parameterSets: readonly Buffer[]): readonly Buffer[] {
  const told: Buffer[] = []
  let room = mostParameterBytes
  for (const set of parameterSets.slice(0, mostParameterSets)) {
    if (set.length <= 1 || set.length > Math.min(longestParameterSet, room)) continue
    told.push(set)
    room -= set.length
  }
  return told
}
