import { readFileSync } from 'node:fs'
import { RtpPacket } from '#rtp/packet.ts'

export interface DumpRecord {
  /** Since the start of the recording. */
  readonly ms: number
  readonly rtcp: boolean
  readonly packet: Buffer
}

const fixtures = new URL('../fixtures/rtp/', import.meta.url)

/**
 * Records of a recording in `test/fixtures/rtp`, in order of arrival.
 *
 * The format is that of rtptools: a text line, 16 bytes of header, then per packet its length
 * with these 8 bytes (u16), its own length (u16, 0 for RTCP) and the offset in ms (u32).
 */
export function* readDump(name: string): Generator<DumpRecord> {
  const file = readFileSync(new URL(`${name}.rtpdump`, fixtures))
  let at = file.indexOf('\n') + 1 + 16
  while (at + 8 <= file.length) {
    const end = at + file.readUInt16BE(at)
    yield {
      ms: file.readUInt32BE(at + 4),
      rtcp: file.readUInt16BE(at + 2) === 0,
      packet: file.subarray(at + 8, end),
    }
    at = end
  }
}

/** RTP packets of one SSRC. The packet is a view that moves on: copy what is kept. */
export function* readStream(
  name: string,
  ssrc: number,
): Generator<{ readonly ms: number; readonly packet: RtpPacket }> {
  const packet = new RtpPacket()
  for (const { ms, rtcp, packet: bytes } of readDump(name)) {
    if (!rtcp && packet.read(bytes, 0, bytes.length) && packet.ssrc === ssrc) yield { ms, packet }
  }
}

export interface RecordedStream {
  readonly ssrc: number
  readonly pt: number
  readonly codec: 'OPUS' | 'RTX' | 'H264' | 'VP8' | 'VP9' | 'AV1'
  readonly packets: number
  readonly paddingOnly: number
  readonly firstSeq: number
  readonly lastSeq: number
  readonly rid?: string
  /** Payload type and SSRC of what an RTX stream repairs. */
  readonly apt?: number
  readonly repairs?: number
  readonly retransmissions?: number
  /** Packets that carry each header extension. */
  readonly extCounts: Readonly<Record<string, number>>
  readonly cname: string | null
  readonly senderReports: number
  readonly size?: string
  /** What ffmpeg decoded of it, and the MD5 of the first frame. */
  readonly decodedFrames?: number
  readonly firstFrameMd5?: string
  readonly spsProfileLevel?: readonly string[]
  readonly keyframes?: readonly { readonly seq: number; readonly ts: number }[]
}

export interface Recording {
  readonly name: string
  readonly rtcpShapes: Readonly<Record<string, number>>
  readonly streams: readonly RecordedStream[]
}

/** The recordings kept here, with what `index.json` says of them. */
export const recordings: readonly Recording[] = readIndex().filter(({ name }) =>
  [
    'obs-32-default-gop',
    'obs-32-simulcast-3',
    'ffmpeg-9-nack',
    'chromium-156-vp8',
    'chromium-156-vp9',
    'chromium-156-av1',
    'chromium-156-h264',
    'chromium-156-vp8-simulcast',
    'firefox-159-vp8',
  ].includes(name),
)

/** @param kind of the SDP: what the publisher offered, or the answer it got */
export function readRecordedSdp(name: string, kind: 'offer' | 'answer'): string {
  return readFileSync(new URL(`${name}.${kind}.sdp`, fixtures), 'utf8')
}

function readIndex(): Recording[] {
  const index = JSON.parse(readFileSync(new URL('index.json', fixtures), 'utf8')) as (Omit<
    Recording,
    'name'
  > & { file: string })[]
  return index.map(({ file, ...rest }) => ({ name: file.replace('.rtpdump', ''), ...rest }))
}
