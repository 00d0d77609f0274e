import { readFileSync } from 'node:fs'

/** One coded picture: its NAL units without start codes. */
export interface AccessUnit {
  readonly keyframe: boolean
  readonly units: readonly Buffer[]
}

/** Longest RTP packet that OBS makes of video (INTEROP IO-25). */
const longestPacket = 1212
const accessUnitDelimiter = 9

/** Reads an H264 byte stream in which every picture begins with an access unit delimiter. */
export function readAccessUnits(path: string): AccessUnit[] {
  const stream = readFileSync(path)
  const pictures: { keyframe: boolean; units: Buffer[] }[] = []
  let start = stream.indexOf('\0\0\x01', 0, 'latin1')
  while (start >= 0) {
    const next = stream.indexOf('\0\0\x01', start + 3, 'latin1')
    let end = next < 0 ? stream.length : next
    while (end > start + 3 && stream[end - 1] === 0) end--
    const unit = stream.subarray(start + 3, end)
    const type = unit[0]! & 0x1f
    if (type === accessUnitDelimiter) pictures.push({ keyframe: false, units: [] })
    const picture = pictures.at(-1)
    if (!picture) throw new Error(`${path} does not begin with an access unit delimiter`)
    picture.units.push(unit)
    picture.keyframe ||= type === 5
    start = next
  }
  return pictures
}

/** The Opus packets of an Ogg file (RFC 3533, RFC 7845), without its two header packets. */
export function readOpusPackets(path: string): Buffer[] {
  const file = readFileSync(path)
  const packets: Buffer[] = []
  let parts: Buffer[] = []
  for (let page = 0; page < file.length; ) {
    const segments = file[page + 26]!
    let body = page + 27 + segments
    for (let index = 0; index < segments; index++) {
      const length = file[page + 27 + index]!
      parts.push(file.subarray(body, body + length))
      body += length
      if (length === 255) continue
      packets.push(Buffer.concat(parts))
      parts = []
    }
    page = body
  }
  return packets.slice(2)
}

export interface RtpTrack {
  readonly payloadType: number
  readonly ssrc: number
  /** Sequence number of the next packet. */
  sequenceNumber: number
}

/** An RTP packet as OBS writes it: every video packet carries mid 1 and rid 0 (INTEROP IO-21). */
export function rtpPacket(
  track: RtpTrack,
  payload: Buffer,
  { timestamp, marker, video }: { timestamp: number; marker: boolean; video: boolean },
): Buffer {
  const header = Buffer.alloc(video ? 20 : 12)
  header[0] = video ? 0x90 : 0x80
  header[1] = (marker ? 0x80 : 0) | track.payloadType
  header.writeUInt16BE(track.sequenceNumber, 2)
  header.writeUInt32BE(timestamp, 4)
  header.writeUInt32BE(track.ssrc, 8)
  if (video) {
    header.writeUInt32BE(0xbede0001, 12)
    header.write('\x101\x200', 16, 'latin1')
  }
  track.sequenceNumber = (track.sequenceNumber + 1) & 0xffff
  return Buffer.concat([header, payload])
}

/** Payloads of one picture: single NAL unit packets and FU-A (RFC 6184 §5.6, §5.8). */
export function h264Payloads(picture: AccessUnit): Buffer[] {
  const room = longestPacket - 20
  const payloads: Buffer[] = []
  for (const unit of picture.units) {
    if (unit.length <= room) {
      payloads.push(unit)
      continue
    }
    const indicator = (unit[0]! & 0xe0) | 28
    const type = unit[0]! & 0x1f
    for (let at = 1; at < unit.length; at += room - 2) {
      const end = Math.min(at + room - 2, unit.length)
      const flags = (at === 1 ? 0x80 : 0) | (end === unit.length ? 0x40 : 0)
      payloads.push(Buffer.concat([Buffer.from([indicator, flags | type]), unit.subarray(at, end)]))
    }
  }
  return payloads
}
