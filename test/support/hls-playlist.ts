/** Attributes of a tag: `NAME=value` or `NAME="value"`, by commas (RFC 8216bis §4.2). */
export type Attributes = ReadonlyMap<string, string>

interface ParsedPart {
  readonly uri: string
  readonly duration: number
  readonly independent: boolean
  readonly gap: boolean
}

interface ParsedSegment {
  /** Media sequence number. */
  readonly sequence: number
  /** Undefined for the last one, of which there are only parts. */
  readonly uri: string | undefined
  readonly duration: number | undefined
  readonly parts: readonly ParsedPart[]
  readonly map: string | undefined
  readonly wall: number | undefined
  readonly discontinuity: boolean
  readonly gap: boolean
  /** Tags of it in the order in which they stand, without the parts' attributes. */
  readonly tags: readonly string[]
}

/** A media playlist as a client reads it, by the grammar of RFC 8216bis and not by our writer. */
export interface ParsedPlaylist {
  readonly text: string
  readonly tags: ReadonlyMap<string, string>
  readonly mediaSequence: number
  readonly skipped: number
  readonly segments: readonly ParsedSegment[]
  readonly hints: readonly Attributes[]
  readonly reports: readonly Attributes[]
  readonly ended: boolean
}

type Pending = {
  -readonly [Name in keyof Omit<ParsedSegment, 'uri' | 'sequence'>]: ParsedSegment[Name]
} & {
  readonly parts: ParsedPart[]
  readonly tags: string[]
}

const nothing = (map: string | undefined): Pending => ({
  ...{ parts: [], tags: [], map, discontinuity: false, gap: false },
  ...{ duration: undefined, wall: undefined },
})

export function attributesOf(value: string): Attributes {
  return new Map(
    Array.from(value.matchAll(/([A-Z0-9-]+)=("[^"]*"|[^",]*)(?:,|$)/g), ([, name, text]) => [
      name!,
      text!.replace(/^"|"$/g, ''),
    ]),
  )
}

/** What each tag says of the segment that comes next. */
const ofSegment: Record<string, (pending: Pending, value: string) => void> = {
  'EXT-X-PART': ({ parts }, value) => {
    const attributes = attributesOf(value)
    parts.push({
      uri: attributes.get('URI')!,
      duration: Number(attributes.get('DURATION')),
      independent: attributes.get('INDEPENDENT') === 'YES',
      gap: attributes.get('GAP') === 'YES',
    })
  },
  EXTINF: (pending, value) => {
    pending.duration = Number.parseFloat(value)
  },
  'EXT-X-MAP': (pending, value) => {
    pending.map = attributesOf(value).get('URI')
  },
  'EXT-X-PROGRAM-DATE-TIME': (pending, value) => {
    pending.wall = Date.parse(value)
  },
  'EXT-X-DISCONTINUITY': (pending) => {
    pending.discontinuity = true
  },
  'EXT-X-GAP': (pending) => {
    pending.gap = true
  },
}

export function parsePlaylist(text: string): ParsedPlaylist {
  const tags = new Map<string, string>()
  const segments: ParsedSegment[] = []
  const lists: Record<string, Attributes[]> = {
    'EXT-X-PRELOAD-HINT': [],
    'EXT-X-RENDITION-REPORT': [],
  }
  const skipped = Number(text.match(/#EXT-X-SKIP:.*SKIPPED-SEGMENTS=(\d+)/)?.[1] ?? 0)
  const mediaSequence = Number(text.match(/#EXT-X-MEDIA-SEQUENCE:(\d+)/)?.[1] ?? 0)
  let pending = nothing(undefined)
  const put = (uri: string | undefined) => {
    segments.push({ ...pending, uri, sequence: mediaSequence + skipped + segments.length })
    pending = nothing(pending.map)
  }

  // Comments and empty lines say nothing.
  const lines = text.split(/\r?\n/).filter((line) => /^(#EXT|[^#])/.test(line))
  for (const line of lines) {
    const [, name, value = ''] = line.match(/^#(EXT[A-Z0-9-]*)(?::(.*))?$/) ?? []
    if (name === undefined) put(line)
    else if (ofSegment[name]) {
      ofSegment[name](pending, value)
      pending.tags.push(name)
    } else if (lists[name]) lists[name].push(attributesOf(value))
    else tags.set(name, value)
  }
  if (pending.parts.length > 0) put(undefined)
  return {
    ...{ text, tags, mediaSequence, skipped, segments, ended: tags.has('EXT-X-ENDLIST') },
    ...{ hints: lists['EXT-X-PRELOAD-HINT']!, reports: lists['EXT-X-RENDITION-REPORT']! },
  }
}
