import { readCodecs } from './codec-lines.ts'
import { malformed, type SdpSection } from './lines.ts'
import { readRids, readSimulcast } from './simulcast-lines.ts'
import { readFidGroups, readSsrcs } from './ssrc-lines.ts'
import {
  attributeValue,
  attributeValues,
  fields,
  has,
  integer,
  portRange,
  token,
} from './tokens.ts'

type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'

/** One payload type and what is said about it. RTX is not a codec here, but a property of one. */
export interface SdpCodec {
  /** 0–127. */
  readonly payloadType: number
  /** As written: compare it without regard to case. */
  readonly name: string
  /** Ticks per second. */
  readonly clockRate: number
  readonly channels?: number
  /** `a=fmtp` in its order; `''` for a parameter without a value. */
  readonly parameters: ReadonlyMap<string, string>
  /** `a=rtcp-fb` values such as `nack pli`. */
  readonly feedback: ReadonlySet<string>
  readonly rtxPayloadType?: number
}

/** One `a=extmap` (RFC 8285 §5). */
export interface SdpExtension {
  /** 1–255; above 14 only two-byte headers can carry it. */
  readonly id: number
  readonly uri: string
  /** Seen from the side that wrote the description; absent means both ways. */
  readonly direction?: Direction
}

export interface SdpSsrc {
  readonly ssrc: number
  readonly cname?: string
}

/** `a=ssrc-group:FID`: the second repeats the packets of the first (RFC 4588 §8.8). */
export interface FidGroup {
  readonly media: number
  readonly repair: number
}

/** `a=rid` (RFC 8851 §4). */
export interface SdpRid {
  readonly id: string
  readonly direction: 'send' | 'recv'
}

/** One stream of `a=simulcast`; of several alternatives, the first. */
export interface SimulcastStream {
  readonly rid: string
  readonly paused: boolean
}

/** What one `m=` section says, without what BUNDLE makes common to all. */
export interface MediaDescription {
  /** `audio`, `video`, or whatever the `m=` line says, `application` for instance. */
  readonly kind: string
  /** `a=mid`; the position of the section, in decimal, where there is none. */
  readonly mid: string
  readonly direction: Direction
  readonly port: number
  readonly bundleOnly: boolean
  readonly protocol: string
  /** The formats of the `m=` line as written: payload types, `webrtc-datachannel`. At least one. */
  readonly formats: readonly string[]
  /** In order of preference, as the `m=` line lists them. */
  readonly codecs: readonly SdpCodec[]
  readonly extensions: readonly SdpExtension[]
  readonly ssrcs: readonly SdpSsrc[]
  readonly fidGroups: readonly FidGroup[]
  readonly rids: readonly SdpRid[]
  /** Streams of `a=simulcast:send`, in order. */
  readonly simulcast?: readonly SimulcastStream[]
  /** First part of `a=msid`: the id of the MediaStream. */
  readonly streamId?: string
  readonly rtcpMux: boolean
  readonly rtcpMuxOnly: boolean
  readonly rtcpRsize: boolean
  readonly extmapAllowMixed: boolean
}

/** False for a section that its writer has switched off (RFC 9143 §6). */
export function isActive({ port, bundleOnly }: MediaDescription): boolean {
  return port !== 0 || bundleOnly
}

/**
 * @param session where attributes are looked up that the section does not have itself
 * @throws ServiceError `malformed-sdp`
 */
export function readMedia(
  section: SdpSection,
  session: SdpSection,
  index: number,
): MediaDescription {
  const { kind, port, protocol, formats } = readHeading(section.heading)
  const mid = attributeValue(section, 'mid')
  const simulcast = readSimulcast(section)
  const streamId = readStreamId(section)
  return {
    kind,
    mid: mid === undefined ? String(index) : token(mid, 'a=mid'),
    direction: readDirection(section) ?? readDirection(session) ?? 'sendrecv',
    port,
    bundleOnly: has(section, 'bundle-only'),
    protocol,
    formats,
    codecs: kind === 'audio' || kind === 'video' ? readCodecs(section, formats) : [],
    extensions: readExtensions(section, session),
    ssrcs: readSsrcs(section),
    fidGroups: readFidGroups(section),
    rids: readRids(section),
    ...(simulcast && { simulcast }),
    ...(streamId !== undefined && { streamId }),
    rtcpMux: has(section, 'rtcp-mux') || has(section, 'rtcp-mux-only'),
    rtcpMuxOnly: has(section, 'rtcp-mux-only'),
    rtcpRsize: has(section, 'rtcp-rsize'),
    extmapAllowMixed: has(section, 'extmap-allow-mixed'),
  }
}

// m=<media> <port>["/" <count>] <proto> <fmt> ... (RFC 8866 §5.14)
function readHeading(heading: string) {
  const [kind, port, protocol, ...formats] = fields(heading)
  if (kind === undefined || port === undefined || protocol === undefined || !formats[0]) {
    throw malformed('an m= line needs a medium, a port, a protocol and formats')
  }
  if (formats.length > 64) throw malformed('more than 64 formats in an m= line')
  return {
    kind: token(kind, 'the medium of an m= line'),
    port: integer(port.split('/')[0], 'the port of an m= line', portRange),
    protocol: protocol
      .split('/')
      .map((part) => token(part, 'the protocol of an m= line'))
      .join('/'),
    formats: formats.map((format) => token(format, 'a format of an m= line')),
  }
}

function readDirection(section: SdpSection): Direction | undefined {
  for (const { name } of section.attributes) {
    if (name === 'sendrecv' || name === 'sendonly' || name === 'recvonly' || name === 'inactive') {
      return name
    }
  }
  return undefined
}

// a=extmap:<id>["/" <direction>] <uri> [<attributes>] (RFC 8285 §8)
function readExtensions(section: SdpSection, session: SdpSection): SdpExtension[] {
  const lines = attributeValues(section, 'extmap', 32)
  return (lines.length > 0 ? lines : attributeValues(session, 'extmap', 32)).map((line) => {
    const [id, uri] = fields(line)
    const [number, direction] = (id ?? '').split('/')
    if (uri === undefined) throw malformed('a=extmap needs an id and a URI')
    return {
      id: integer(number, 'the id of a=extmap', [1, 255]),
      uri: printable(uri, 'the URI of a=extmap'),
      ...(isDirection(direction) && { direction }),
    }
  })
}

function isDirection(text: string | undefined): text is Direction {
  return ['sendrecv', 'sendonly', 'recvonly', 'inactive'].includes(text ?? '')
}

function printable(text: string, what: string): string {
  if (!/^[!-~]{1,256}$/.test(text)) throw malformed(`${what} is not 1 to 256 printable characters`)
  return text
}

function readStreamId(section: SdpSection): string | undefined {
  const id = fields(attributeValue(section, 'msid') ?? '')[0]
  return id === '-' ? undefined : id
}
