import { describe, expect, it } from 'vitest'
import { renderPlaylist } from '#recorder/hls/media-playlist.ts'
import { decideReload } from '#recorder/hls/reload.ts'
import { ReloadWaiters } from '#recorder/hls/reload-waiters.ts'
import { SegmentList } from '#recorder/hls/segment-list.ts'
import { changeFaults, playlistFaults } from '#test/support/hls-checker.ts'
import { parsePlaylist } from '#test/support/hls-playlist.ts'

const targetDuration = 4
const partTarget = 0.5
const partsEach = 8
const live = { kind: 'live' } as const

/** A rendition of segments of 4 s, and what it has come to. */
class Rendition {
  readonly list: SegmentList
  #wall = Date.UTC(2026, 10, 23)
  #sequence = 0
  #part = 0

  constructor(window = 60) {
    this.list = new SegmentList({ targetDuration, partTarget, window, firstSequence: 0 })
  }

  /** One part more. */
  step({ discontinuity = false, gap = false } = {}): void {
    const sequence = this.#sequence
    if (this.#part === 0) {
      this.list.begin({
        uri: `${sequence}.m4s`,
        map: gap ? undefined : 'init.mp4',
        wall: this.#wall,
        discontinuity,
      })
    }
    this.list.addPart({ uri: this.hint, duration: partTarget, independent: this.#part === 0 })
    this.#part++
    this.#wall += 500
    if (this.#part === partsEach) {
      this.list.end(targetDuration)
      this.#part = 0
      this.#sequence++
    }
  }

  segments(count: number): this {
    for (let i = 0; i < count * partsEach; i++) this.step()
    return this
  }

  get hint(): string {
    return `${this.#sequence}.${this.#part}.m4s`
  }

  render(options: Partial<Parameters<typeof renderPlaylist>[1]> = {}): string {
    return renderPlaylist(this.list, { ...live, hint: this.hint, ...options })
  }
}

describe('a live playlist', () => {
  it('keeps the rules at every step, and changes as it may', () => {
    const rendition = new Rendition()
    let before: string | undefined
    for (let i = 0; i < 40 * partsEach; i++) {
      rendition.step({ discontinuity: i === 5 * partsEach })
      const text = rendition.render()
      expect(playlistFaults(text)).toEqual([])
      if (before !== undefined) expect(changeFaults(before, text)).toEqual([])
      before = text
    }
    expect(parsePlaylist(before!).tags.get('EXT-X-DISCONTINUITY-SEQUENCE')).toBe('1')
    rendition.list.finish()
    const end = rendition.render()
    expect(playlistFaults(end)).toEqual([])
    expect(changeFaults(before!, end)).toEqual([])
    expect(end).toContain('#EXT-X-ENDLIST')
  })

  it('keeps its window, and not much more', () => {
    const { segments } = new Rendition(60).segments(100).list
    expect(segments).toHaveLength(15)
  })

  it('names the other renditions, and how far they are (HLS-44)', () => {
    const other = new Rendition().segments(3)
    other.step()
    const reports = [{ uri: 'audio.m3u8', list: other.list }]
    const text = new Rendition().segments(3).render({ reports })
    expect(text).toContain('#EXT-X-RENDITION-REPORT:URI="audio.m3u8",LAST-MSN=3,LAST-PART=0')
  })

  it('has a gap where the track is missing (HLS-14)', () => {
    const rendition = new Rendition().segments(1)
    for (let i = 0; i < partsEach; i++) rendition.step({ gap: true })
    const [, missing] = parsePlaylist(rendition.segments(1).render()).segments
    expect(missing).toMatchObject({ gap: true, duration: 4 })
  })

  it('has the query of its client behind every URI', () => {
    const text = new Rendition().segments(2).render({ query: '?token=abc' })
    const uris = text.match(/(?<=URI=")[^"]*|^[^#\n].*$/gm)!
    expect(uris.length).toBeGreaterThan(10)
    for (const uri of uris) expect(uri).toMatch(/\?token=abc$/)
  })
})

describe('a delta update (HLS-46 to HLS-50)', () => {
  it('gives a client that has the rest the whole again', () => {
    const rendition = new Rendition(600).segments(20)
    const old = parsePlaylist(rendition.render())
    rendition.segments(1)
    const [whole, delta] = [rendition.render(), rendition.render({ skip: true })].map(parsePlaylist)
    expect(delta!.skipped).toBeGreaterThan(10)
    expect(delta!.text.length).toBeLessThan(whole!.text.length)
    expect(playlistFaults(delta!.text)).toEqual([])
    const known = new Map(old.segments.map((segment) => [segment.sequence, segment.uri]))
    const merged = Array.from({ length: delta!.skipped }, (_, i) => known.get(i))
    expect([...merged, ...delta!.segments.map(({ uri }) => uri)]).toEqual(
      whole!.segments.map(({ uri }) => uri),
    )
    // Six target durations, counted from the end.
    expect(delta!.segments.length * targetDuration).toBeGreaterThanOrEqual(6 * targetDuration)
  })

  it('is none where the list has ended, or nothing is old enough', () => {
    const short = new Rendition().segments(3)
    expect(short.render({ skip: true })).toBe(short.render())
    const long = new Rendition(600).segments(20)
    long.list.finish()
    expect(long.render({ skip: true })).toBe(long.render())
  })
})

describe('an archive', () => {
  it('is a list of all segments, without parts (HLS-12)', () => {
    const { list } = new Rendition(Number.POSITIVE_INFINITY).segments(12)
    const event = renderPlaylist(list, { kind: 'event' })
    expect(playlistFaults(event)).toEqual([])
    expect(event).not.toContain('#EXT-X-PART')
    list.finish()
    const vod = renderPlaylist(list, { kind: 'vod' })
    expect(playlistFaults(vod)).toEqual([])
    expect(vod).toMatch(/#EXT-X-PLAYLIST-TYPE:VOD\n[\s\S]*#EXT-X-ENDLIST\n$/)
    expect(parsePlaylist(vod).segments).toHaveLength(12)
  })
})

describe('a request for a live playlist (RFC 8216bis §6.2.5.2)', () => {
  const rendition = new Rendition().segments(10)
  rendition.step()
  const { list } = rendition

  it.each`
    clause      | what                                    | query                                   | answer
    ${'HLS-16'} | ${'without directives'}                 | ${{}}                                   | ${'now'}
    ${'HLS-51'} | ${'for a segment that is there'}        | ${{ _HLS_msn: '9' }}                    | ${'now'}
    ${'HLS-51'} | ${'for the segment that is being made'} | ${{ _HLS_msn: '10' }}                   | ${'later'}
    ${'HLS-52'} | ${'for a part that is there'}           | ${{ _HLS_msn: '10', _HLS_part: '0' }}   | ${'now'}
    ${'HLS-52'} | ${'for the next part'}                  | ${{ _HLS_msn: '10', _HLS_part: '1' }}   | ${'later'}
    ${'HLS-53'} | ${'for a part behind the last of one'}  | ${{ _HLS_msn: '9', _HLS_part: '8' }}    | ${'now'}
    ${'HLS-54'} | ${'for a part of no segment'}           | ${{ _HLS_part: '1' }}                   | ${'bad'}
    ${'HLS-55'} | ${'for the segment after the next'}     | ${{ _HLS_msn: '11' }}                   | ${'later'}
    ${'HLS-55'} | ${'for a segment too far ahead'}        | ${{ _HLS_msn: '12' }}                   | ${'bad'}
    ${'HLS-55'} | ${'for a part too far ahead'}           | ${{ _HLS_msn: '10', _HLS_part: '7' }}   | ${'bad'}
    ${'HLS-58'} | ${'for a segment that is gone'}         | ${{ _HLS_msn: '0' }}                    | ${'now'}
    ${'HLS-59'} | ${'for what is no number'}              | ${{ _HLS_msn: '1e3' }}                  | ${'bad'}
    ${'HLS-59'} | ${'for a number below 0'}               | ${{ _HLS_msn: '-1' }}                   | ${'bad'}
    ${'HLS-59'} | ${'for a number that no number can be'} | ${{ _HLS_msn: '99999999999999999999' }} | ${'bad'}
  `('$what is answered: $answer ($clause)', ({ query, answer }) => {
    const reload = decideReload(list, query)
    const kind = 'fault' in reload ? 'bad' : reload.until ? 'later' : 'now'
    expect(kind).toBe(answer)
  })

  it('is answered at once when the list has ended, whatever it asks for (HLS-57, HLS-48)', () => {
    const ended = new Rendition().segments(2).list
    ended.finish()
    expect(decideReload(ended, { _HLS_msn: '99', _HLS_skip: 'YES' })).toEqual({
      until: undefined,
      skip: false,
    })
  })
})

describe('requests that wait', () => {
  const until = { sequence: 2, part: 1 }

  it('are answered when the part is there, and no sooner', async () => {
    const rendition = new Rendition().segments(2)
    const waiters = new ReloadWaiters(rendition.list)
    let end: string | undefined
    const waited = waiters.wait(until, 0).then((how) => {
      end = how
    })
    rendition.step()
    waiters.update()
    await Promise.resolve()
    expect(end).toBeUndefined()
    rendition.step()
    waiters.update()
    await waited
    expect(end).toBe('there')
    expect(waiters.size).toBe(0)
  })

  it('wait three target durations at most (HLS-56)', async () => {
    const waiters = new ReloadWaiters(new Rendition().segments(2).list)
    const waited = waiters.wait(until, 1000)
    expect(waiters.nextTimeout).toBe(1000 + 12_000)
    waiters.poll(12_999)
    expect(waiters.size).toBe(1)
    waiters.poll(13_000)
    expect(await waited).toBe('too-long')
  })

  it('are all answered when the list ends (HLS-61)', async () => {
    const { list } = new Rendition().segments(2)
    const waiters = new ReloadWaiters(list)
    const waited = waiters.wait(until, 0)
    list.finish()
    waiters.update()
    expect(await waited).toBe('there')
  })

  it('are let go of when their client is gone (HLS-62)', async () => {
    const waiters = new ReloadWaiters(new Rendition().segments(2).list)
    const gone = new AbortController()
    const waited = waiters.wait(until, 0, gone.signal)
    gone.abort()
    await waited
    expect(waiters.size).toBe(0)
  })

  it('are a bounded number (HLS-62)', async () => {
    const waiters = new ReloadWaiters(new Rendition().segments(2).list)
    for (let i = 0; i < 5000; i++) void waiters.wait(until, 0)
    expect(await waiters.wait(until, 0)).toBe('too-many')
  })
})
