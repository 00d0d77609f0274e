import { malformed, type SdpSection } from './lines.ts'
import type { SdpCodec } from './media-description.ts'
import { attributeValues, fields, integer, payloadTypeRange, token } from './tokens.ts'

const clockRateRange = [1, 1_000_000] as const

/**
 * The codecs of one section, in the order of its `m=` line. RTX formats are folded into the codec
 * they repeat (RFC 4588 §8.6); formats without `a=rtpmap` are left out: all that matter have one.
 *
 * @throws ServiceError `malformed-sdp`
 */
export function readCodecs(section: SdpSection, formats: readonly string[]): SdpCodec[] {
  const names = readRtpMaps(section)
  const parameters = readParameters(section)
  const feedback = readFeedback(section)
  const repairs = new Map<number, number>()
  const codecs: SdpCodec[] = []
  for (const format of formats) {
    const payloadType = integer(format, 'a format of an m= line', payloadTypeRange)
    const codec = names.get(payloadType)
    if (!codec) continue
    const own = parameters.get(payloadType) ?? new Map<string, string>()
    if (codec.name.toLowerCase() === 'rtx') {
      const repaired = own.get('apt')
      if (repaired === undefined) continue
      const target = integer(repaired, 'apt of an RTX format', payloadTypeRange)
      if (!repairs.has(target)) repairs.set(target, payloadType)
    } else {
      const values = new Set([...(feedback.get('*') ?? []), ...(feedback.get(format) ?? [])])
      codecs.push({ payloadType, ...codec, parameters: own, feedback: values })
    }
  }
  return codecs.map((codec) => {
    const rtxPayloadType = repairs.get(codec.payloadType)
    return rtxPayloadType === undefined ? codec : { ...codec, rtxPayloadType }
  })
}

// a=rtpmap:<pt> <name>/<clock rate>[/<channels>] (RFC 8866 §6.6)
function readRtpMaps(section: SdpSection) {
  const maps = new Map<number, Pick<SdpCodec, 'name' | 'clockRate' | 'channels'>>()
  for (const line of attributeValues(section, 'rtpmap', 64)) {
    const [format, encoding] = fields(line)
    const [name, clockRate, channels] = (encoding ?? '').split('/')
    if (format === undefined || name === undefined) throw malformed('a=rtpmap is incomplete')
    const payloadType = integer(format, 'the payload type of a=rtpmap', payloadTypeRange)
    if (maps.has(payloadType)) throw malformed(`payload type ${payloadType} has two a=rtpmap lines`)
    maps.set(payloadType, {
      name: token(name, 'the encoding of a=rtpmap'),
      clockRate: integer(clockRate, 'the clock rate of a=rtpmap', clockRateRange),
      ...(channels && { channels: integer(channels, 'the channels of a=rtpmap', [1, 255]) }),
    })
  }
  return maps
}

// a=fmtp:<pt> <key>[=<value>](;<key>[=<value>])*
function readParameters(section: SdpSection): Map<number, Map<string, string>> {
  const all = new Map<number, Map<string, string>>()
  for (const line of attributeValues(section, 'fmtp', 64)) {
    const [format, list] = halves(line, ' ')
    const payloadType = integer(format, 'the payload type of a=fmtp', payloadTypeRange)
    const parameters = list.split(';').map((part) => halves(part, '='))
    all.set(payloadType, new Map(parameters.filter(([key]) => key !== '')))
  }
  return all
}

/** Cuts at the first separator and trims both sides; the second is `''` without a separator. */
function halves(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text.trim(), ''] : [text.slice(0, at).trim(), text.slice(at + 1).trim()]
}

// a=rtcp-fb:<pt or *> <type> [<parameter>] (RFC 4585 §4.2)
function readFeedback(section: SdpSection): Map<string, string[]> {
  const all = new Map<string, string[]>()
  for (const line of attributeValues(section, 'rtcp-fb', 256)) {
    const [format, ...value] = fields(line)
    if (format === undefined || value.length === 0) throw malformed('a=rtcp-fb is incomplete')
    const values = all.get(format)
    if (values) values.push(value.join(' '))
    else all.set(format, [value.join(' ')])
  }
  return all
}
