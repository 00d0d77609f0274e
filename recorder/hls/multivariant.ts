/** What a multivariant playlist says of one track. */
export interface Variant {
  readonly kind: 'audio' | 'video'
  readonly uri: string
  /** RFC 6381. */
  readonly codecs: string
  /** Bits per second. */
  readonly bandwidth: { readonly peak: number; readonly average: number }
  /** In pixels, of video. */
  readonly size?: { readonly width: number; readonly height: number }
  /** Of sound. */
  readonly channels?: number
}

const audioGroup = 'audio'

/**
 * A multivariant playlist (RFC 8216bis §4.4.6): pictures with the sound that belongs to them.
 *
 * @param notes for people, a line each
 */
export function renderMultivariant(
  variants: readonly Variant[],
  notes: readonly string[] = [],
): string {
  const audio = variants.find(({ kind }) => kind === 'audio')
  const video = variants.filter(({ kind }) => kind === 'video')
  const lines = ['#EXTM3U', '#EXT-X-VERSION:9', ...notes.map((note) => `# ${note}`)]
  if (audio && video.length > 0) {
    const attributes = [
      'TYPE=AUDIO',
      `GROUP-ID="${audioGroup}"`,
      'NAME="audio"',
      'DEFAULT=YES',
      'AUTOSELECT=YES',
      `CHANNELS="${audio.channels ?? 2}"`,
      `URI="${audio.uri}"`,
    ]
    lines.push(`#EXT-X-MEDIA:${attributes.join(',')}`)
  }
  for (const variant of video.length > 0 ? video : variants) {
    lines.push(`#EXT-X-STREAM-INF:${streamAttributes(variant, audio).join(',')}`, variant.uri)
  }
  return `${lines.join('\n')}\n`
}

function streamAttributes(variant: Variant, audio: Variant | undefined): string[] {
  const all = audio && audio !== variant ? [variant, audio] : [variant]
  const sum = (of: 'peak' | 'average') =>
    Math.max(Math.ceil(all.reduce((bits, { bandwidth }) => bits + bandwidth[of], 0)), 1)
  return [
    `BANDWIDTH=${sum('peak')}`,
    `AVERAGE-BANDWIDTH=${sum('average')}`,
    `CODECS="${all.map(({ codecs }) => codecs).join(',')}"`,
    ...(variant.size ? [`RESOLUTION=${variant.size.width}x${variant.size.height}`] : []),
    ...(all.length > 1 ? [`AUDIO="${audioGroup}"`] : []),
  ]
}
