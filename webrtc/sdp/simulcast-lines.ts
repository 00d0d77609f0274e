import { malformed, type SdpSection } from './lines.ts'
import type { SdpRid, SimulcastStream } from './media-description.ts'
import { attributeValue, attributeValues, fields } from './tokens.ts'

/** What fits a one-byte header extension (RFC 8852 §3), in the alphabet of RFC 8851 §10. */
const ridPattern = /^[A-Za-z0-9_-]{1,16}$/

/** @throws ServiceError `malformed-sdp` */
export function readRids(section: SdpSection): SdpRid[] {
  return attributeValues(section, 'rid', 8).map((line) => {
    const [id, direction] = fields(line)
    if (direction !== 'send' && direction !== 'recv') {
      throw malformed('a=rid needs an id, and "send" or "recv"')
    }
    return { id: rid(id), direction }
  })
}

/** The streams of `a=simulcast:send a;~b;c,d` (RFC 8853 §5.1). */
export function readSimulcast(section: SdpSection): SimulcastStream[] | undefined {
  const words = fields(attributeValue(section, 'simulcast') ?? '')
  const send = words.indexOf('send')
  const list = send < 0 ? undefined : words[send + 1]
  if (list === undefined) return undefined
  const streams = list.split(';')
  if (streams.length > 8) throw malformed('more than 8 streams in a=simulcast')
  return streams.map((alternatives) => {
    const first = alternatives.split(',')[0]!
    const paused = first.startsWith('~')
    return { rid: rid(paused ? first.slice(1) : first), paused }
  })
}

function rid(text: string | undefined): string {
  if (!ridPattern.test(text ?? '')) {
    throw malformed('a rid is 1 to 16 letters, digits, "-" and "_"')
  }
  return text!
}
