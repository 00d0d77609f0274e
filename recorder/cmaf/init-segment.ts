import {
  BufferTarget,
  CmafOutputFormat,
  EncodedAudioPacketSource,
  EncodedPacket,
  EncodedVideoPacketSource,
  NullTarget,
  Output,
} from 'mediabunny'
import type { AudioConfig, TrackConfig, VideoConfig } from './track-config.ts'

/** Ticks per second of a track's times. */
export const timescales = { video: 90_000, audio: 48_000 } as const

/** Of the only track in an init segment of ours. */
export const trackId = 1

/** What a player leaves out at the start: nothing, as the recording begins in mid-stream. */
const opusPreSkip = 0
const startCode = Buffer.from([0, 0, 0, 1])
const codecNames = { H264: 'avc', H265: 'hevc', VP9: 'vp9', AV1: 'av1' } as const

/** An init segment with that one track: `ftyp` and `moov` (CMAF §7.3.1, ISO 14496-12). */
export async function writeInitSegment(config: TrackConfig): Promise<Buffer> {
  const initTarget = new BufferTarget()
  const output = new Output({
    format: new CmafOutputFormat(),
    target: new NullTarget(),
    initTarget,
  })
  await (config.kind === 'video' ? addVideo(output, config) : addAudio(output, config))
  await output.finalize()
  return Buffer.from(initTarget.buffer!)
}

async function addVideo(output: Output, config: VideoConfig): Promise<void> {
  const { codecs, width, height } = config
  const source = new EncodedVideoPacketSource(codecNames[config.codec])
  // The denominator of the frame rate becomes the timescale.
  output.addVideoTrack(source, { frameRate: timescales.video })
  await output.start()
  // From NAL units in front of the first packet `avcC` and `hvcC` are made.
  const bytes = config.parameterSets.flatMap((nal) => [startCode, nal])
  const packet = new EncodedPacket(Buffer.concat([...bytes, startCode, Buffer.of(0)]), 'key', 0, 1)
  await source.add(packet, {
    decoderConfig: { codec: codecs, codedWidth: width, codedHeight: height },
  })
}

async function addAudio(output: Output, { channels }: AudioConfig): Promise<void> {
  const source = new EncodedAudioPacketSource('opus')
  output.addAudioTrack(source)
  await output.start()
  const decoderConfig = {
    codec: 'opus',
    numberOfChannels: channels,
    sampleRate: timescales.audio,
    description: opusHead(channels),
  }
  await source.add(new EncodedPacket(Buffer.of(0xfc), 'key', 0, 0.02), { decoderConfig })
}

/** An identification header of Ogg, which `dOps` is made from (RFC 7845 §5.1). */
function opusHead(channels: number): Buffer {
  const head = Buffer.alloc(19)
  head.write('OpusHead', 0, 'latin1')
  head[8] = 1
  head[9] = channels
  head.writeUInt16LE(opusPreSkip, 10)
  head.writeUInt32LE(timescales.audio, 12)
  return head
}
