import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Authority } from '#control/authority.ts'
import { nothingHere } from '#control/grant.ts'
import { HttpError } from '#control/http/http-error.ts'
import { tokenOf } from '#control/http/token.ts'
import type { RateLimiter } from '#control/rate-limiter.ts'
import type { Clock } from '#core/clock.ts'
import { ServiceError } from '#core/errors.ts'
import { type StreamName, streamKey, streamName } from '#core/stream-name.ts'
import { renderPlaylist } from './hls/media-playlist.ts'
import { renderMultivariant, type Variant } from './hls/multivariant.ts'
import { type Directives, decideReload, type Place } from './hls/reload.ts'
import type { Recording } from './live/recording.ts'
import type { Rendition } from './live/rendition.ts'

/** What the routes need of the recorder. */
export interface RecordingSource {
  get(name: StreamName): Recording | undefined
}

export interface HlsOptions {
  readonly authority: Authority
  readonly limiter: RateLimiter
  readonly clock: Clock
  readonly recordings: RecordingSource
}

const playlistType = 'application/vnd.apple.mpegurl'
/** Names that are given once and never again (HLS-117). */
const forEver = 'max-age=31536000, immutable'

interface StreamRoute {
  Params: { readonly tenant?: string; readonly stream: string }
}
interface PlaylistRoute {
  Params: {
    readonly tenant: string
    readonly stream: string
    readonly id: string
    readonly kind: string
  }
  Querystring: Directives
}
interface FileRoute {
  Params: PlaylistRoute['Params'] & { readonly file: string }
  Querystring: Directives
}

/** The LL-HLS origin: live playlists and what they name (RFC 8216bis §6.2). */
export const hlsRoutes: FastifyPluginAsync<HlsOptions> = async (app, options) => {
  const { authority, clock, limiter, recordings } = options

  app.addHook('onRequest', async (request) => limiter.admit(request.ip, clock.now()))

  async function recordingOf(request: FastifyRequest<StreamRoute>): Promise<Recording> {
    const { tenant, stream } = request.params
    const name = streamName(tenant, stream)
    await authority.authorize('view', name, tokenOf(request))
    const recording = recordings.get(name)
    if (!recording) throw nothingHere()
    return recording
  }

  async function renditionOf(request: FastifyRequest<PlaylistRoute>) {
    const recording = await recordingOf(request)
    const rendition = recording.rendition(request.params.kind)
    if (recording.id !== request.params.id || !rendition) throw nothingHere()
    return { recording, rendition }
  }

  for (const [url, up] of [
    ['/hls/:stream/index.m3u8', '../'],
    ['/hls/:tenant/:stream/index.m3u8', '../../'],
  ] as const) {
    app.get<StreamRoute>(url, async (request, reply) => {
      const recording = await recordingOf(request)
      if (!recording.isPlayable) throw nothingHere()
      const folder = `${up}${streamKey(recording.name)}/${recording.id}`
      const variants = recording.renditions.map((one) => variantOf(one, folder, queryOf(request)))
      return sendCached(request, reply, 'max-age=1')
        .type(playlistType)
        .send(renderMultivariant(variants, recording.notes))
    })
  }

  app.get<PlaylistRoute>('/hls/:tenant/:stream/:id/:kind.m3u8', async (request, reply) => {
    const { recording, rendition } = await renditionOf(request)
    const reload = decideReload(rendition.list, request.query)
    if ('fault' in reload) throw new HttpError(400, reload.fault)
    if (reload.until) await waitFor(rendition, reload.until, reply, clock)
    const isWaited = request.query._HLS_msn !== undefined
    return sendCached(request, reply, isWaited ? 'max-age=60' : 'max-age=1')
      .type(playlistType)
      .send(playlistOf(recording, rendition, { skip: reload.skip, query: queryOf(request) }))
  })

  app.get<FileRoute>('/hls/:tenant/:stream/:id/:kind/:file', async (request, reply) => {
    const { recording, rendition } = await renditionOf(request)
    const { kind, file } = request.params
    const place = placeOf(file)
    if (place && isNext(rendition, place)) await waitFor(rendition, place, reply, clock)
    const bytes = isOwnName(file) ? await recording.files.read(`${kind}/${file}`) : undefined
    if (!bytes) throw nothingHere()
    return sendCached(request, reply, forEver).type(`${kind}/mp4`).send(bytes)
  })
}

function playlistOf(
  recording: Recording,
  rendition: Rendition,
  { skip, query }: { readonly skip: boolean; readonly query: string },
): string {
  const others = recording.renditions.filter((one) => one !== rendition)
  return renderPlaylist(rendition.list, {
    kind: 'live',
    skip,
    query,
    hint: rendition.hint,
    reports: others.map(({ kind, list }) => ({ uri: `${kind}.m3u8`, list })),
  })
}

function variantOf({ kind, config, bandwidth }: Rendition, folder: string, query: string): Variant {
  return {
    kind,
    bandwidth,
    uri: `${folder}/${kind}.m3u8${query}`,
    codecs: config?.codecs ?? '',
    ...(config?.kind === 'video' && { size: config }),
    ...(config?.kind === 'audio' && { channels: config.channels }),
  }
}

async function waitFor(
  rendition: Rendition,
  place: Place,
  { raw }: FastifyReply,
  clock: Clock,
): Promise<void> {
  const gone = new AbortController()
  raw.once('close', () => gone.abort())
  const end = await rendition.waiters.wait(place, clock.now(), gone.signal)
  if (end === 'there') return
  const detail = end === 'too-many' ? 'too many requests wait' : 'nothing new has come'
  throw new ServiceError('full', detail, { retryAfter: 1 })
}

/** The part of a file's name `12.3.m4s`. */
function placeOf(file: string): Place | undefined {
  const [, sequence, part] = file.match(/^(\d{1,15})\.(\d{1,15})\.m4s$/) ?? []
  return sequence === undefined ? undefined : { sequence: Number(sequence), part: Number(part) }
}

/** Whether it is the part that the playlist hints at: a player may be early (HLS-41). */
function isNext({ list }: Rendition, { sequence, part }: Place): boolean {
  if (list.ended || sequence !== list.nextSequence) return false
  return part === (list.open?.parts.length ?? 0)
}

function isOwnName(file: string): boolean {
  return /^(?:init-\d{1,9}\.mp4|\d{1,15}(?:\.\d{1,15})?\.m4s)$/.test(file)
}

/** What has to be behind the URIs for a player that cannot send headers. */
function queryOf({ query }: FastifyRequest): string {
  const { token } = query as { token?: unknown }
  return typeof token === 'string' ? `?token=${encodeURIComponent(token)}` : ''
}

// What a token opens is not for a cache that others share.
function sendCached(request: FastifyRequest, reply: FastifyReply, control: string): FastifyReply {
  const scope = tokenOf(request) === undefined ? 'public' : 'private'
  return reply.header('cache-control', `${scope}, ${control}`)
}
