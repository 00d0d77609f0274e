import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Permissions } from '#control/permissions.ts'
import { RateLimiter } from '#control/rate-limiter.ts'
import { renderPlaylist } from '#recorder/hls/media-playlist.ts'
import { hlsRoutes } from '#recorder/hls-routes.ts'
import type { Rendition } from '#recorder/live/rendition.ts'
import { createHttpApp } from '#server/http-app.ts'
import { decodeVideo, ffmpegUnavailable } from '#test/support/ffmpeg-decode.ts'
import { playlistFaults } from '#test/support/hls-checker.ts'
import { parsePlaylist } from '#test/support/hls-playlist.ts'
import { RecordingWorld } from './recording-world.ts'

const missing = ffmpegUnavailable()
const playlistOf = ({ list, hint }: Rendition) => renderPlaylist(list, { kind: 'live', hint })

describe('the recording of a stream', () => {
  let world: RecordingWorld

  beforeEach(() => {
    world = new RecordingWorld()
  })
  afterEach(async () => {
    await world[Symbol.asyncDispose]()
  })

  const recording = () => world.recordings.get(world.stream.name)!
  const renditions = () => recording().renditions

  it('goes on with its next publisher, behind a discontinuity (HLS-8, HLS-25)', async () => {
    for (const name of ['chromium-156-h264', 'chromium-156-vp9']) world.publish(name)
    const playlists = renditions().map((one) => parsePlaylist(playlistOf(one)))
    for (const { segments, text } of playlists) {
      expect(playlistFaults(text)).toEqual([])
      expect(segments.map(({ discontinuity }) => discontinuity)).toEqual([
        ...[false, false, true, false],
      ])
    }
    const [video, audio] = playlists
    expect(video!.segments.map(({ map }) => map)).toEqual([
      ...['video/init-0.mp4', 'video/init-0.mp4', 'video/init-1.mp4', 'video/init-1.mp4'],
    ])
    expect(new Set(audio!.segments.map(({ map }) => map))).toEqual(new Set(['audio/init-0.mp4']))
  })

  it('has every picture in its files, from memory and from the disk', async ({ skip }) => {
    if (missing) skip(missing)
    // So many segments that the first are in memory no more.
    for (let i = 0; i < 6; i++) world.publish('obs-32-default-gop')
    const [video] = renditions()
    const { segments } = parsePlaylist(playlistOf(video!))
    expect(segments).toHaveLength(18)
    for (const { map, uri } of [segments[0]!, segments.at(-2)!]) {
      await expect.poll(() => recording().files.read(uri!)).toBeDefined()
      const [init, media] = await Promise.all([map!, uri!].map((at) => recording().files.read(at)))
      const { frames, complaints } = decodeVideo(Buffer.concat([init!, media!]))
      expect(complaints).toBe('')
      expect(frames).toHaveLength(250)
    }
    expect(world.failures).toEqual([])
  })

  it('has nothing older than its window', async () => {
    world = new RecordingWorld({ window: 20 })
    for (let i = 0; i < 4; i++) world.publish('obs-32-default-gop')
    const { segments, mediaSequence } = parsePlaylist(playlistOf(renditions()[0]!))
    expect(mediaSequence).toBeGreaterThan(5)
    expect(segments.length).toBeLessThan(6)
    await expect.poll(() => recording().files.read('video/0.m4s')).toBeUndefined()
  })

  it('is sound alone of VP8, and says why', () => {
    world.publish('chromium-156-vp8')
    expect(renditions().map(({ kind }) => kind)).toEqual(['audio'])
    expect(recording().notes).toEqual(['no video: HLS has no place for VP8'])
  })

  it('ends with its stream, and is there until the next', () => {
    world.publish('chromium-156-h264')
    world.recordings.end(world.stream.name)
    expect(playlistOf(renditions()[0]!)).toMatch(/#EXT-X-ENDLIST\n$/)
    expect(world.stream.hasReaders).toBe(false)
    const { id } = recording()
    world.clock.time += 1000
    world.publish('chromium-156-h264')
    expect(recording().id).not.toBe(id)
  })

  it('is for whoever may view it, whose token is behind every URI, and in no shared cache', async () => {
    world.publish('chromium-156-h264')
    const clock = { now: () => world.clock.now(), wall: () => world.clock.wall() }
    const app = createHttpApp({ origins: '*' })
    await app.register(hlsRoutes, {
      authority: new Permissions({
        ...{ publishKeys: [], allowAnonymousPublish: false, clock },
        playTokens: ['a-play-token@acme'],
      }),
      limiter: new RateLimiter(),
      ...{ clock, recordings: world.recordings },
    })
    const url = '/hls/acme/live/index.m3u8'
    expect((await app.inject({ url })).statusCode).toBe(401)
    const answer = await app.inject({ url: `${url}?token=a-play-token` })
    expect(answer.headers['cache-control']).toBe('private, max-age=1')
    const media = answer.body.trim().split('\n').at(-1)!
    expect(media).toMatch(/video\.m3u8\?token=a-play-token$/)
    const at = new URL(media, `http://node${url}`)
    const playlist = await app.inject({ url: at.pathname + at.search })
    expect(playlist.statusCode).toBe(200)
    const { map } = parsePlaylist(playlist.body).segments[0]!
    expect(map).toBe('video/init-0.mp4?token=a-play-token')
    const init = new URL(map!, at)
    const file = await app.inject({ url: init.pathname + init.search })
    expect(file.headers).toMatchObject({
      'content-type': 'video/mp4',
      'cache-control': 'private, max-age=31536000, immutable',
    })
    expect((await app.inject({ url: init.pathname })).statusCode).toBe(401)
    await app.close()
  })
})
