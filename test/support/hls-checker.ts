import { attributesOf, type ParsedPlaylist, parsePlaylist } from './hls-playlist.ts'

/** A rule of `specs/hls.md` for one media playlist, and what it says of one that breaks it. */
type Rule = (playlist: ParsedPlaylist) => (string | false | undefined)[]

const numberOf = (playlist: ParsedPlaylist, tag: string) => Number(playlist.tags.get(tag))
const controlOf = (playlist: ParsedPlaylist) =>
  attributesOf(playlist.tags.get('EXT-X-SERVER-CONTROL') ?? '')
const isLowLatency = (playlist: ParsedPlaylist) => playlist.tags.has('EXT-X-PART-INF')
const partTargetOf = (playlist: ParsedPlaylist) =>
  Number(attributesOf(playlist.tags.get('EXT-X-PART-INF') ?? '').get('PART-TARGET'))
/** What is written with six digits may be so far off, in seconds. */
const rounding = 1e-5

const rules: Record<string, Rule> = {
  'HLS-1 starts with EXTM3U': ({ text }) => [!text.startsWith('#EXTM3U\n') && 'it does not'],
  'HLS-3 has the version that its tags need': (playlist) => {
    const version = numberOf(playlist, 'EXT-X-VERSION')
    const needed = playlist.skipped > 0 ? 9 : 6
    return [!(version >= needed) && `version ${version}, needed ${needed}`]
  },
  'HLS-4 no segment is longer than the target duration': (playlist) => {
    const target = numberOf(playlist, 'EXT-X-TARGETDURATION')
    return playlist.segments.map(
      ({ duration = 0, sequence }) =>
        !(Math.round(duration) <= target) && `${sequence}: ${duration} over ${target}`,
    )
  },
  'HLS-7 a map before the first segment': ({ segments, skipped }) => [
    skipped === 0 &&
      segments.some(({ map, gap }) => map === undefined && !gap) &&
      'a segment has none',
  ],
  'HLS-9 a date on every segment, one behind the other': ({ segments }) =>
    segments.map(({ wall, sequence, discontinuity }, index) => {
      if (wall === undefined || Number.isNaN(wall)) return `${sequence} has none`
      const before = segments[index - 1]
      if (!before?.wall || discontinuity || before.duration === undefined) return false
      const off = wall - before.wall - 1000 * before.duration
      return Math.abs(off) > 100 && `${sequence} is ${off.toFixed(0)} ms off`
    }),
  'HLS-11 ENDLIST is last': ({ text, ended }) => [
    ended && !text.trimEnd().endsWith('#EXT-X-ENDLIST') && 'it is not',
  ],
  'HLS-20 no EXTINF without a URI': ({ segments }) =>
    segments.map(({ uri, duration }) => uri === undefined && duration !== undefined && 'one'),
  'HLS-27, 28 parts with PART-INF and SERVER-CONTROL': (playlist) => [
    playlist.segments.some(({ parts }) => parts.length > 0) &&
      (!isLowLatency(playlist) || !playlist.tags.has('EXT-X-SERVER-CONTROL')) &&
      'they lack',
  ],
  'HLS-29 players hold back three parts': (playlist) => [
    isLowLatency(playlist) &&
      !(Number(controlOf(playlist).get('PART-HOLD-BACK')) >= 3 * partTargetOf(playlist)) &&
      'less',
  ],
  'HLS-31 nothing newer than six target durations is skipped': (playlist) => [
    controlOf(playlist).has('CAN-SKIP-UNTIL') &&
      !(
        Number(controlOf(playlist).get('CAN-SKIP-UNTIL')) >=
        6 * numberOf(playlist, 'EXT-X-TARGETDURATION')
      ) &&
      'it is',
  ],
  'HLS-33 parts are 85 to 100 % of their target': (playlist) => {
    const target = partTargetOf(playlist)
    return playlist.segments.flatMap(({ parts, duration, sequence }) =>
      parts.map((part, index) => {
        const isLast = duration !== undefined && index === parts.length - 1
        const isFree = isLast || part.independent || part.gap
        const isShort = !isFree && part.duration < 0.85 * target
        const fault = `${sequence}.${index}: ${part.duration} of ${target}`
        return (part.duration > target + rounding || isShort) && fault
      }),
    )
  },
  'HLS-35 parts are as long as their segment': ({ segments }) =>
    segments.map(({ parts, duration, sequence }) => {
      if (parts.length === 0 || duration === undefined) return false
      const sum = parts.reduce((all, part) => all + part.duration, 0)
      return Math.abs(sum - duration) > 1e-3 && `${sequence}: ${sum} of ${duration}`
    }),
  'HLS-36 what concerns a segment stands before its parts': ({ segments }) =>
    segments.map(({ tags, sequence }) => {
      const first = tags.indexOf('EXT-X-PART')
      const late = ['EXT-X-DISCONTINUITY', 'EXT-X-MAP', 'EXT-X-PROGRAM-DATE-TIME'].find(
        (tag) => first >= 0 && tags.lastIndexOf(tag) > first,
      )
      return late && `${sequence}: ${late}`
    }),
  'HLS-38 parts only near the end': (playlist) => {
    const target = numberOf(playlist, 'EXT-X-TARGETDURATION')
    const faults: (string | false)[] = []
    let fromEnd = 0
    for (const { parts, duration = 0, sequence } of playlist.segments.toReversed()) {
      faults.push(fromEnd > 4 * target && parts.length > 0 && `${sequence}`)
      fromEnd += duration
    }
    return faults
  },
  'HLS-40 one hint, and none at the end': ({ hints, ended }) => [
    hints.length > 1 && 'several',
    ended && hints.length > 0 && 'one behind the end',
  ],
  'HLS-44 reports say how far the others are': ({ reports }) =>
    reports.map((report) => !['URI', 'LAST-MSN', 'LAST-PART'].every((n) => report.has(n)) && 'not'),
}

/** What is wrong with a media playlist by the rules of `specs/hls.md`; empty when nothing is. */
export function playlistFaults(text: string): string[] {
  const playlist = parsePlaylist(text)
  return Object.entries(rules).flatMap(([name, rule]) =>
    rule(playlist)
      .filter((fault) => typeof fault === 'string')
      .map((fault) => `${name}: ${fault}`),
  )
}

/**
 * What a later playlist may not change of an earlier one (HLS-5, HLS-12, HLS-18, HLS-39).
 *
 * @param between playlists of one rendition, the earlier first; none of them skips
 */
export function changeFaults(before: string, after: string): string[] {
  const [old, now] = [parsePlaylist(before), parsePlaylist(after)]
  const faults: string[] = []
  if (now.mediaSequence < old.mediaSequence) faults.push('HLS-5: the media sequence went back')
  for (const tag of ['EXT-X-TARGETDURATION', 'EXT-X-PART-INF']) {
    if (old.tags.get(tag) !== now.tags.get(tag)) faults.push(`HLS-4: ${tag} changed`)
  }
  const bySequence = new Map(now.segments.map((segment) => [segment.sequence, segment]))
  for (const segment of old.segments) {
    const later = bySequence.get(segment.sequence)
    if (segment.sequence < now.mediaSequence) continue
    if (!later) faults.push(`HLS-18: segment ${segment.sequence} is gone`)
    else if (segment.uri !== undefined && later.uri !== segment.uri) {
      faults.push(`HLS-18: segment ${segment.sequence} is another`)
    }
  }
  const [hint] = old.hints
  const isTaken =
    hint === undefined ||
    now.ended ||
    now.text.includes(`"${hint.get('URI')}"`) ||
    now.segments.every(({ sequence }) => sequence < old.mediaSequence)
  if (!isTaken) faults.push(`HLS-39: the hinted ${hint.get('URI')} did not come`)
  return faults
}
