import { ServiceError } from '#core/errors.ts'

/** Bounds on a text from a stranger; beyond them it is refused before it is understood. */
export interface SdpLimits {
  /** UTF-8 bytes of the whole text. */
  readonly bytes: number
  readonly lines: number
  /** Characters of one line, without its end. */
  readonly line: number
}

// The largest offer seen from a browser has 8 kB, 340 lines, and lines of 150 characters.
export const descriptionLimits: SdpLimits = { bytes: 64 * 1024, lines: 2000, line: 4096 }
export const fragmentLimits: SdpLimits = { bytes: 16 * 1024, lines: 2000, line: 4096 }

/** One `a=` line: `a=name:value`, or `a=name` with an empty value. */
interface SdpAttribute {
  readonly name: string
  readonly value: string
}

/** The session level, or one m-section: the only lines of SDP that WebRTC gives a meaning. */
export interface SdpSection {
  /** Value of the `m=` line; of the `o=` line for the session level. */
  readonly heading: string
  readonly attributes: SdpAttribute[]
}

export interface SdpSections {
  readonly session: SdpSection
  readonly media: readonly SdpSection[]
}

// RFC 8866 §5, and nothing else: an unknown type is an error there, not an extension.
const lineTypes = 'vosiuepcbtrzkam'

/** @throws ServiceError `malformed-sdp` unless the text is SDP-shaped and within the limits */
export function readSections(text: string, limits: SdpLimits): SdpSections {
  const session = { heading: '', attributes: [] as SdpAttribute[] }
  const media: SdpSection[] = []
  let section: SdpSection = session
  for (const line of readLines(text, limits)) {
    const value = line.slice(2)
    if (line[0] === 'm') {
      section = { heading: value, attributes: [] }
      media.push(section)
    } else if (line[0] === 'a') {
      section.attributes.push(attribute(value))
    } else if (line[0] === 'o' && section === session) {
      session.heading = value
    }
  }
  return { session, media }
}

/** Every line that is not empty. They may end in CRLF or in LF alone. */
function readLines(text: string, limits: SdpLimits): string[] {
  if (Buffer.byteLength(text) > limits.bytes) {
    throw malformed(`the text is longer than ${limits.bytes} bytes`)
  }
  const lines: string[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw
    if (line === '') continue
    if (lines.length === limits.lines) throw malformed(`more than ${limits.lines} lines`)
    checkLine(line, index + 1, limits)
    lines.push(line)
  }
  return lines
}

function checkLine(line: string, number: number, limits: SdpLimits): void {
  if (line.length > limits.line) {
    throw malformed(`line ${number} is longer than ${limits.line} characters`)
  }
  if (line[1] !== '=' || !lineTypes.includes(line[0]!)) {
    throw malformed(`line ${number} does not start with one of "${lineTypes}" and "="`)
  }
  for (let i = 0; i < line.length; i++) {
    const code = line.charCodeAt(i)
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) {
      throw malformed(`line ${number} has a control character at ${i + 1}`)
    }
  }
}

function attribute(value: string): SdpAttribute {
  const colon = value.indexOf(':')
  if (colon < 0) return { name: value, value: '' }
  return { name: value.slice(0, colon), value: value.slice(colon + 1) }
}

/** @param problem what is wrong, as a clause without a full stop */
export function malformed(problem: string): ServiceError {
  return new ServiceError('malformed-sdp', `this SDP cannot be read: ${problem}`)
}
