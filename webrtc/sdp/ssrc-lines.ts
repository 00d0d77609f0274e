import type { SdpSection } from './lines.ts'
import type { FidGroup, SdpSsrc } from './media-description.ts'
import { attributeValues, fields, integer, ssrcRange } from './tokens.ts'

/**
 * The SSRCs named by `a=ssrc` (RFC 5576 §4.1), each once, in order.
 *
 * @throws ServiceError `malformed-sdp`
 */
export function readSsrcs(section: SdpSection): SdpSsrc[] {
  const cnames = new Map<number, string | undefined>()
  for (const line of attributeValues(section, 'ssrc', 64)) {
    const space = line.indexOf(' ')
    const ssrc = integer(space < 0 ? line : line.slice(0, space), 'a=ssrc', ssrcRange)
    const cname = space < 0 ? undefined : /^cname:(.*)$/.exec(line.slice(space + 1))?.[1]
    cnames.set(ssrc, cnames.get(ssrc) ?? cname)
  }
  return Array.from(cnames, ([ssrc, cname]) => (cname === undefined ? { ssrc } : { ssrc, cname }))
}

/** Other groups (SIM, FEC-FR) say nothing that rids and payload types do not say better. */
export function readFidGroups(section: SdpSection): FidGroup[] {
  const groups: FidGroup[] = []
  for (const line of attributeValues(section, 'ssrc-group', 64)) {
    const [semantics, media, repair] = fields(line)
    if (semantics !== 'FID') continue
    groups.push({
      media: integer(media, 'a=ssrc-group:FID', ssrcRange),
      repair: integer(repair, 'a=ssrc-group:FID', ssrcRange),
    })
  }
  return groups
}
