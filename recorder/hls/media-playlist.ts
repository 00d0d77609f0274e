import type { ListedSegment, SegmentList } from './segment-list.ts'

/** What becomes of a playlist (RFC 8216bis §4.4.3.5). */
type PlaylistKind = 'live' | 'event' | 'vod'

export interface PlaylistOptions {
  readonly kind: PlaylistKind
  /** Only what is new to a client that has the rest (`_HLS_skip`). */
  readonly skip?: boolean
  /** Of every other rendition: its playlist, and how far it has come. */
  readonly reports?: readonly RenditionReport[]
  /** Of the part that comes next: it may be asked for already. */
  readonly hint?: string | undefined
  /** Behind each URI: a token of the client, with its `?`. */
  readonly query?: string
}

interface RenditionReport {
  readonly uri: string
  readonly list: SegmentList
}

/** Of the target duration: older segments may be skipped (§4.4.3.8: at least six). */
const skipAfter = 6
/** Of the part target: so far from the end players stay (§4.4.3.8: should be at least three). */
const holdBack = 3

/** A media playlist (RFC 8216bis §4), as text. */
export function renderPlaylist(list: SegmentList, options: PlaylistOptions): string {
  const { kind } = options
  const skipped = kind === 'live' && options.skip && !list.ended ? skippable(list) : 0
  const shown = list.segments.slice(skipped)
  const lines = [...head(list, kind)]
  if (skipped > 0) lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`)
  let map = list.segments[skipped - 1]?.map
  for (const segment of shown) {
    lines.push(...segmentLines(segment, { map, ...options }))
    map = segment.map ?? map
  }
  if (list.ended) lines.push('#EXT-X-ENDLIST')
  else if (kind === 'live') lines.push(...tail(options))
  return `${lines.join('\n')}\n`
}

/** Number of the last part of the newest segment that has parts, for EXT-X-RENDITION-REPORT. */
function lastPart(list: SegmentList): { readonly sequence: number; readonly part: number } {
  const parts = list.open?.parts.length ?? 0
  if (parts > 0) return { sequence: list.nextSequence, part: parts - 1 }
  const last = list.segments.at(list.open ? -2 : -1)
  return { sequence: list.nextSequence - 1, part: Math.max((last?.parts.length ?? 0) - 1, 0) }
}

function head(list: SegmentList, kind: PlaylistKind): string[] {
  const { targetDuration, partTarget } = list.options
  const lines = [
    '#EXTM3U',
    `#EXT-X-VERSION:${kind === 'live' ? 9 : 7}`,
    `#EXT-X-TARGETDURATION:${targetDuration}`,
  ]
  if (kind === 'live') {
    const control = [
      'CAN-BLOCK-RELOAD=YES',
      `CAN-SKIP-UNTIL=${seconds(skipAfter * targetDuration)}`,
      `PART-HOLD-BACK=${seconds(holdBack * partTarget)}`,
    ]
    lines.push(`#EXT-X-SERVER-CONTROL:${control.join(',')}`)
    lines.push(`#EXT-X-PART-INF:PART-TARGET=${seconds(partTarget)}`)
  }
  lines.push(`#EXT-X-MEDIA-SEQUENCE:${list.mediaSequence}`)
  if (list.discontinuitySequence > 0 || kind === 'live') {
    lines.push(`#EXT-X-DISCONTINUITY-SEQUENCE:${list.discontinuitySequence}`)
  }
  if (kind !== 'live') lines.push(`#EXT-X-PLAYLIST-TYPE:${kind.toUpperCase()}`)
  return lines
}

interface SegmentOptions extends PlaylistOptions {
  /** In force before the segment. */
  readonly map: string | undefined
}

function segmentLines(segment: ListedSegment, { kind, map, query = '' }: SegmentOptions): string[] {
  const { duration, parts } = segment
  // Of a segment that is not whole there is nothing to tell but its parts.
  if (duration === undefined && (kind !== 'live' || parts.length === 0)) return []
  const lines: string[] = []
  if (segment.discontinuity) lines.push('#EXT-X-DISCONTINUITY')
  if (segment.map !== undefined && (segment.map !== map || segment.discontinuity)) {
    lines.push(`#EXT-X-MAP:URI="${segment.map}${query}"`)
  }
  lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(segment.wall).toISOString()}`)
  if (kind === 'live') {
    for (const { uri, duration: length, independent } of parts) {
      const attributes = [`DURATION=${seconds(length)}`, `URI="${uri}${query}"`]
      if (independent) attributes.push('INDEPENDENT=YES')
      lines.push(`#EXT-X-PART:${attributes.join(',')}`)
    }
  }
  if (duration === undefined) return lines
  if (segment.map === undefined) lines.push('#EXT-X-GAP')
  lines.push(`#EXTINF:${seconds(duration)},`, `${segment.uri}${query}`)
  return lines
}

function tail({ hint, reports = [], query = '' }: PlaylistOptions): string[] {
  const lines: string[] = []
  if (hint !== undefined) lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${hint}${query}"`)
  for (const { uri, list: other } of reports) {
    const { sequence, part } = lastPart(other)
    if (sequence < 0) continue
    const attributes = [`URI="${uri}${query}"`, `LAST-MSN=${sequence}`, `LAST-PART=${part}`]
    lines.push(`#EXT-X-RENDITION-REPORT:${attributes.join(',')}`)
  }
  return lines
}

/** How many segments a client that has them need not be told again (§6.2.5.1). */
function skippable(list: SegmentList): number {
  const boundary = skipAfter * list.options.targetDuration
  let fromEnd = 0
  for (let i = list.segments.length - 1; i >= 0; i--) {
    const segment = list.segments[i]!
    fromEnd += segment.duration ?? sum(segment.parts)
    if (fromEnd > boundary) return i
  }
  return 0
}

function sum(parts: readonly { readonly duration: number }[]): number {
  return parts.reduce((all, { duration }) => all + duration, 0)
}

/** With microseconds, and no zeros behind them. */
function seconds(value: number): string {
  return String(Number(value.toFixed(6)))
}
