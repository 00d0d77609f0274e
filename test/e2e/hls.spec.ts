import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { until } from '#test/native/until.ts'
import { decodeVideo, ffmpegUnavailable, soundOf } from '#test/support/ffmpeg-decode.ts'
import { changeFaults, playlistFaults } from '#test/support/hls-checker.ts'
import { parsePlaylist } from '#test/support/hls-playlist.ts'
import { long, Stage, stageUnavailable } from '#test/support/stage.ts'

const missing = stageUnavailable()
const stream = 'hls'
/** How long it is watched, in s. */
const watched = long ? 120 : 15
const patience = { timeout: 30_000, interval: 200 }
const library = join(import.meta.dirname, '..', '..', 'node_modules', 'hls.js', 'dist')

interface Report {
  readonly errors: readonly { readonly details: string }[]
  /** Ms since the Unix epoch at which what is shown was captured, and now. */
  readonly playingDate: number
  readonly now: number
  readonly time: number
  readonly frames: number
  readonly width: number
  readonly seekable: readonly (readonly [number, number])[]
}

const behind = ({ now, playingDate }: Report) => now - playingDate

/** hls.js in the page of a stage, with the settings that docs/hls.md advises. */
class HlsPlayer {
  readonly #stage: Stage
  #id = 0

  private constructor(stage: Stage) {
    this.#stage = stage
  }

  static async open(stage: Stage, url: string): Promise<HlsPlayer> {
    const { page } = stage.page
    await page.addScriptTag({ url: '/hls.js', type: 'module' })
    await page.waitForFunction('globalThis.hls !== undefined')
    const player = new HlsPlayer(stage)
    player.#id = await player.#call('playHls', url, { maxLiveSyncPlaybackRate: 1.25 })
    return player
  }

  async report(): Promise<Report> {
    return await this.#call('hlsReport', this.#id)
  }

  async seek(seconds: number): Promise<void> {
    await this.#call('seekHls', this.#id, seconds)
  }

  async #call<T>(name: string, ...args: unknown[]): Promise<T> {
    return (await this.#stage.page.page.evaluate(
      ([called, given]) =>
        Reflect.get(globalThis, 'hls')[called as string](...(given as unknown[])),
      [name, args],
    )) as T
  }
}

describe('a stream of OBS by HLS', () => {
  let stage: Stage
  let url: string

  beforeEach(({ skip }) => {
    if (missing) skip(missing)
  })
  beforeAll(async () => {
    if (missing) return
    stage = await Stage.open({ env: { TAILRACE_HLS: 'on' }, folders: { '/hls.js/': library } })
    await stage.obs(stream)
    url = `${stage.server.origin}/hls/${stream}/index.m3u8`
    // A whole segment: OBS has 8.33 s from one keyframe to the next.
    await until(async () => (await fetch(url)).ok)
  }, 90_000)
  afterAll(async () => {
    await stage?.close()
  }, 60_000)

  /** Addresses of the media playlists, pictures first. */
  async function playlists(): Promise<string[]> {
    const text = await (await fetch(url)).text()
    const audio = /TYPE=AUDIO.*URI="([^"]+)"/.exec(text)![1]!
    return [text.trim().split('\n').at(-1)!, audio].map((uri) => new URL(uri, url).href)
  }

  async function bytesOf(uri: string, base: string): Promise<Buffer> {
    return Buffer.from(await (await fetch(new URL(uri, base))).arrayBuffer())
  }

  it('plays in hls.js less than 2.5 s behind, without an error', async () => {
    const player = await HlsPlayer.open(stage, url)
    await expect.poll(async () => (await player.report()).frames, patience).toBeGreaterThan(30)
    // It begins a little farther behind and catches up.
    await expect.poll(async () => behind(await player.report()), patience).toBeLessThan(2000)
    const first = await player.report()
    let latest = 0
    for (const until = Date.now() + watched * 1000; Date.now() < until; await delay(1000)) {
      latest = Math.max(latest, behind(await player.report()))
    }
    const last = await player.report()
    process.stdout.write(`hls.js for ${watched} s: at most ${latest} ms behind\n`)
    expect(last.errors).toEqual([])
    expect(last.width).toBe(1280)
    expect(last.frames - first.frames).toBeGreaterThan(28 * watched)
    expect(latest).toBeLessThan(long ? 2500 : 5000)
    await player.seek(2)
    await expect
      .poll(async () => (await player.report()).time, patience)
      .toSatisfy((time: number) => time > 3 && time < 10)
    const { frames, errors } = await player.report()
    await expect.poll(async () => (await player.report()).frames, patience).toBeGreaterThan(frames)
    expect(errors).toEqual([])
  }, 240_000)

  it('has playlists that keep the rules from one to the next, and come when they have something', async () => {
    const follow = async (playlist: string) => {
      let before = await (await fetch(playlist)).text()
      expect(playlistFaults(before)).toEqual([])
      for (let i = 0; i < 25; i++) {
        const hint = parsePlaylist(before).hints[0]!.get('URI')!
        const [, sequence, part] = /(\d+)\.(\d+)\.m4s/.exec(hint)!
        const response = await fetch(`${playlist}?_HLS_msn=${sequence}&_HLS_part=${part}`)
        expect(response.headers.get('cache-control')).toBe('public, max-age=60')
        const after = await response.text()
        expect(playlistFaults(after)).toEqual([])
        expect(changeFaults(before, after)).toEqual([])
        // Held until it was there: the answer has what was asked for.
        expect(after).toMatch(new RegExp(`"${hint}"|/${sequence}\\.m4s\\n`))
        before = after
      }
    }
    await Promise.all((await playlists()).map(follow))
  }, 60_000)

  it('has the part that it hints at as soon as that is there', async () => {
    const [playlist] = await playlists()
    const [hint] = parsePlaylist(await (await fetch(playlist!)).text()).hints
    const part = await bytesOf(hint!.get('URI')!, playlist!)
    expect(part.toString('latin1', 4, 8)).toBe('moof')
  })

  it('has segments that ffmpeg decodes without a complaint, and parts that are the same', async ({
    skip,
  }) => {
    const lacking = ffmpegUnavailable()
    if (lacking) skip(lacking)
    const [video, audio] = await playlists()
    const [pictures, sound] = await Promise.all(
      [video!, audio!].map(async (at) => {
        const { segments } = parsePlaylist(await (await fetch(at)).text())
        const { map, uri, parts } = segments.find(({ duration }) => duration !== undefined)!
        const init = await bytesOf(map!, at)
        const whole = await bytesOf(uri!, at)
        if (parts.length > 0) {
          const pieces = await Promise.all(parts.map((part) => bytesOf(part.uri, at)))
          expect(Buffer.concat(pieces).equals(whole)).toBe(true)
        }
        return Buffer.concat([init, whole])
      }),
    )
    const { frames, complaints } = decodeVideo(pictures!)
    expect(complaints).toBe('')
    expect(frames).toHaveLength(250)
    const { seconds, complaints: ofSound } = soundOf(sound!)
    expect(ofSound).toBe('')
    expect(Math.abs(seconds - 250 / 30)).toBeLessThan(0.1)
  })

  it.each`
    path                   | status | what
    ${'nobody/index.m3u8'} | ${404} | ${'a stream that nobody publishes'}
    ${'hls/x/video.m3u8'}  | ${404} | ${'a recording that there is not'}
    ${'a b/index.m3u8'}    | ${400} | ${'what is no name'}
  `('answers $status to $what', async ({ path, status }) => {
    const response = await fetch(`${stage.server.origin}/hls/${encodeURI(path)}`)
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toContain('application/problem+json')
  })

  it.each`
    query                         | status
    ${'_HLS_part=1'}              | ${400}
    ${'_HLS_msn=999999'}          | ${400}
    ${'_HLS_msn=x'}               | ${400}
    ${'_HLS_msn=0&_HLS_skip=YES'} | ${200}
  `('answers $status to ?$query', async ({ query, status }) => {
    const [playlist] = await playlists()
    expect((await fetch(`${playlist}?${query}`)).status).toBe(status)
  })

  it('has no file but those that it names', async () => {
    const [playlist] = await playlists()
    for (const name of ['..%2f..%2f..%2fpublish-key', '0.m4s.open', '999.m4s', '0.999.m4s']) {
      const response = await fetch(playlist!.replace(/video\.m3u8$/, `video/${name}`))
      expect([name, response.status]).toEqual([name, 404])
    }
  })
})
