import type { SegmentList } from './segment-list.ts'

/** Delivery directives of a request for a media playlist (RFC 8216bis §6.2.5), as they were sent. */
export interface Directives {
  readonly _HLS_msn?: string | undefined
  readonly _HLS_part?: string | undefined
  readonly _HLS_skip?: string | undefined
}

/** A place in a rendition: the part, or the whole segment where there is none. */
export interface Place {
  readonly sequence: number
  readonly part: number | undefined
}

/** What is done with a request: it is answered when `until` is there; undefined for at once. */
export type Reload =
  | { readonly until: Place | undefined; readonly skip: boolean }
  | { readonly fault: string }

/** Segments ahead of the newest that a player may ask for (§6.2.5.2). */
const mostAhead = 2
/** Seconds of parts ahead that it may ask for, and parts at least. */
const secondsAhead = 3

/** Which answer a request gets, and when (§6.2.5.1, §6.2.5.2). */
export function decideReload(list: SegmentList, directives: Directives): Reload {
  const { _HLS_msn: msnText, _HLS_part: partText, _HLS_skip: skipText } = directives
  // A list that is over does not change any more: whatever is asked for, this is it.
  if (list.ended) return { until: undefined, skip: false }
  const skip = skipText === 'YES' || skipText === 'v2'
  if (msnText === undefined) {
    if (partText !== undefined) return { fault: '_HLS_part goes with _HLS_msn only' }
    return { until: undefined, skip }
  }
  const sequence = readNumber(msnText)
  const part = partText === undefined ? undefined : readNumber(partText)
  if (sequence === undefined || (partText !== undefined && part === undefined)) {
    return { fault: '_HLS_msn and _HLS_part are whole numbers, not below 0' }
  }
  const until = { sequence, part }
  if (isTooFar(list, until)) {
    return { fault: `_HLS_msn=${sequence} is too far ahead: ${list.nextSequence} is being made` }
  }
  return { until: isThere(list, until) ? undefined : until, skip }
}

/** Whether a playlist has that place, or a later one. */
export function isThere(list: SegmentList, { sequence, part }: Place): boolean {
  const { nextSequence } = list
  if (list.ended || sequence < nextSequence) {
    const segment = list.segments[sequence - list.mediaSequence]
    // Behind the last part of a segment there is the first of the next one.
    const isBehind = part !== undefined && segment !== undefined && part >= segment.parts.length
    const isOld = segment === undefined || segment.parts.length === 0
    return list.ended || !isBehind || isOld || isThere(list, { sequence: sequence + 1, part: 0 })
  }
  if (sequence > nextSequence || part === undefined) return false
  return (list.open?.parts.length ?? 0) > part
}

function isTooFar(list: SegmentList, { sequence, part }: Place): boolean {
  const { partTarget } = list.options
  const newest = list.nextSequence - 1
  if (sequence > newest + mostAhead) return true
  if (sequence !== list.nextSequence || part === undefined) return false
  const most = partTarget < 1 ? Math.ceil(secondsAhead / partTarget) : secondsAhead
  return part > (list.open?.parts.length ?? 0) - 1 + most
}

function readNumber(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
