import { newPacket, packetType, type RtcpBody } from './header.ts'

/** What a receiver tells about one source (RFC 3550 §6.4.1). */
export interface ReportBlock {
  readonly ssrc: number
  /** Lost since the last report, in 1/256, 0–255. */
  readonly fractionLost: number
  /** Lost since the beginning; negative when duplicates outnumber losses. */
  readonly cumulativeLost: number
  /** 16 bits of cycles, 16 of sequence number. */
  readonly highestSequence: number
  /** Interarrival jitter, in ticks of the source's RTP clock. */
  readonly jitter: number
  /** Middle 32 bits of the NTP time of the newest sender report; 0 for none yet. */
  readonly lastSenderReport: number
  /** Time since that report came, in 1/65536 s. */
  readonly delaySinceLastSenderReport: number
}

export interface SenderReport {
  readonly kind: 'sender-report'
  readonly ssrc: number
  /** NTP time, 32.32 bits: see `#rtp/ntp.ts`. */
  readonly ntp: bigint
  /** The same instant in ticks of the source's RTP clock. */
  readonly rtpTimestamp: number
  readonly packetCount: number
  /** Payload bytes, without headers and padding. */
  readonly octetCount: number
  readonly reports: readonly ReportBlock[]
}

export interface ReceiverReport {
  readonly kind: 'receiver-report'
  readonly ssrc: number
  readonly reports: readonly ReportBlock[]
}

const blockSize = 24
const senderInfoSize = 20
const maxBlocks = 31
const word = 0xffffffff

export function readSenderReport(body: RtcpBody): SenderReport | undefined {
  const { bytes, start } = body
  const reports = readBlocks(body, start + 4 + senderInfoSize)
  if (!reports) return undefined
  return {
    kind: 'sender-report',
    ssrc: bytes.readUInt32BE(start),
    ntp: bytes.readBigUInt64BE(start + 4),
    rtpTimestamp: bytes.readUInt32BE(start + 12),
    packetCount: bytes.readUInt32BE(start + 16),
    octetCount: bytes.readUInt32BE(start + 20),
    reports,
  }
}

export function readReceiverReport(body: RtcpBody): ReceiverReport | undefined {
  const reports = readBlocks(body, body.start + 4)
  if (!reports) return undefined
  return { kind: 'receiver-report', ssrc: body.bytes.readUInt32BE(body.start), reports }
}

/** Counters wrap to their 32 bits. @throws RangeError for more than 31 report blocks */
export function writeSenderReport(report: Omit<SenderReport, 'kind'>): Buffer {
  const { reports } = report
  const packet = newPacket(
    packetType.senderReport,
    blockCount(reports),
    4 + senderInfoSize + reports.length * blockSize,
  )
  packet.writeUInt32BE(report.ssrc, 4)
  packet.writeBigUInt64BE(report.ntp, 8)
  packet.writeUInt32BE(report.rtpTimestamp >>> 0, 16)
  packet.writeUInt32BE(report.packetCount % (word + 1), 20)
  packet.writeUInt32BE(report.octetCount % (word + 1), 24)
  writeBlocks(packet, 8 + senderInfoSize, reports)
  return packet
}

/** @throws RangeError for more than 31 report blocks */
export function writeReceiverReport(ssrc: number, reports: readonly ReportBlock[]): Buffer {
  const packet = newPacket(
    packetType.receiverReport,
    blockCount(reports),
    4 + reports.length * blockSize,
  )
  packet.writeUInt32BE(ssrc, 4)
  writeBlocks(packet, 8, reports)
  return packet
}

function blockCount({ length }: readonly ReportBlock[]): number {
  if (length > maxBlocks) throw new RangeError(`${length} report blocks: a report holds 31`)
  return length
}

function readBlocks({ bytes, end, count }: RtcpBody, first: number): ReportBlock[] | undefined {
  if (first + count * blockSize > end) return undefined
  const blocks: ReportBlock[] = []
  for (let at = first; blocks.length < count; at += blockSize) {
    blocks.push({
      ssrc: bytes.readUInt32BE(at),
      fractionLost: bytes[at + 4]!,
      cumulativeLost: bytes.readIntBE(at + 5, 3),
      highestSequence: bytes.readUInt32BE(at + 8),
      jitter: bytes.readUInt32BE(at + 12),
      lastSenderReport: bytes.readUInt32BE(at + 16),
      delaySinceLastSenderReport: bytes.readUInt32BE(at + 20),
    })
  }
  return blocks
}

function writeBlocks(packet: Buffer, first: number, blocks: readonly ReportBlock[]): void {
  let at = first
  for (const block of blocks) {
    packet.writeUInt32BE(block.ssrc, at)
    packet[at + 4] = block.fractionLost
    packet.writeIntBE(Math.max(-0x800000, Math.min(block.cumulativeLost, 0x7fffff)), at + 5, 3)
    packet.writeUInt32BE(block.highestSequence, at + 8)
    packet.writeUInt32BE(Math.min(block.jitter, word), at + 12)
    packet.writeUInt32BE(block.lastSenderReport, at + 16)
    packet.writeUInt32BE(Math.min(block.delaySinceLastSenderReport, word), at + 20)
    at += blockSize
  }
}
