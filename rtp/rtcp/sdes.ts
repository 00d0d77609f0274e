import { newPacket, packetType, type RtcpBody } from './header.ts'

/** What a source says of itself (RFC 3550 §6.5). Items other than CNAME are skipped. */
export interface SdesChunk {
  readonly ssrc: number
  /** Equal for all sources of one sync group. Chromium's simulcast video sends an empty one. */
  readonly cname: string | undefined
}

export interface SourceDescription {
  readonly kind: 'sdes'
  readonly chunks: readonly SdesChunk[]
}

const endItem = 0
const cnameItem = 1

export function readSdes(body: RtcpBody): SourceDescription | undefined {
  const { bytes, end, count } = body
  const chunks: SdesChunk[] = []
  let at = body.start
  while (chunks.length < count) {
    if (at + 4 > end) return undefined
    const ssrc = bytes.readUInt32BE(at)
    const items = readItems(bytes, at + 4, end)
    if (!items) return undefined
    chunks.push({ ssrc, cname: items.cname })
    // The null item is padded to the next 32-bit boundary.
    at = body.start + Math.ceil((items.end + 1 - body.start) / 4) * 4
  }
  return { kind: 'sdes', chunks }
}

/** @returns undefined where an item or the null item behind the last is cut off */
function readItems(bytes: Buffer, start: number, end: number) {
  let cname: string | undefined
  let at = start
  while (at < end && bytes[at] !== endItem) {
    const text = at + 2
    if (text > end || text + bytes[at + 1]! > end) return undefined
    const next = text + bytes[at + 1]!
    if (bytes[at] === cnameItem) cname = bytes.toString('utf8', text, next)
    at = next
  }
  return at < end ? { cname, end: at } : undefined
}

/** @throws RangeError for more than 31 chunks or a CNAME of more than 255 bytes */
export function writeSdes(chunks: readonly SdesChunk[]): Buffer {
  if (chunks.length > 31) throw new RangeError(`${chunks.length} SDES chunks: a packet holds 31`)
  const body = Buffer.concat(chunks.map(writeChunk))
  const packet = newPacket(packetType.sdes, chunks.length, body.length)
  body.copy(packet, 4)
  return packet
}

function writeChunk({ ssrc, cname }: SdesChunk): Buffer {
  const text = Buffer.from(cname ?? '', 'utf8')
  if (text.length > 255) throw new RangeError(`a CNAME of ${text.length} bytes: 255 fit`)
  const items = cname === undefined ? 0 : 2 + text.length
  // At least one null byte ends the items.
  const chunk = Buffer.alloc(4 + Math.ceil((items + 1) / 4) * 4)
  chunk.writeUInt32BE(ssrc, 0)
  if (cname !== undefined) {
    chunk[4] = cnameItem
    chunk[5] = text.length
    text.copy(chunk, 6)
  }
  return chunk
}
