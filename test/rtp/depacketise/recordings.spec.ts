import { describe, expect, it } from 'vitest'
import { StreamInspector } from '#rtp/codecs/stream-inspector.ts'
import { asVideoCodec, type VideoCodec } from '#rtp/codecs/video-codec.ts'
import { createDepacketiser, type Sample } from '#rtp/depacketise/depacketiser.ts'
import { annexB, ivf } from '#test/support/elementary-stream.ts'
import { decodeVideo, ffmpegUnavailable } from '#test/support/ffmpeg-decode.ts'
import { type RecordedStream, readStream, recordings } from '#test/support/rtpdump.ts'

const missing = ffmpegUnavailable()

const streams = recordings.flatMap(({ name, streams: all }) =>
  all.filter(({ size }) => size).map((stream) => ({ name, ...stream })),
)

/** Frames of a recorded stream, and what its bytes say of it. */
function readSamples({ name, ssrc, codec }: RecordedStream & { name: string }) {
  const video = asVideoCodec(codec)!
  const depacketiser = createDepacketiser(video)
  const inspector = new StreamInspector(video)
  const samples: (Sample | undefined)[] = []
  for (const { packet } of readStream(name, ssrc)) {
    const { bytes, payloadStart, payloadEnd, timestamp } = packet
    if (payloadStart === payloadEnd) continue
    inspector.inspect(bytes, payloadStart, payloadEnd, timestamp)
    depacketiser.add(bytes, payloadStart, payloadEnd)
    if (packet.marker) samples.push(depacketiser.finish())
  }
  return { video, samples, facts: inspector.facts }
}

function fileOf(codec: VideoCodec, sets: readonly Buffer[], samples: readonly Buffer[]) {
  if (codec === 'H264') return { bytes: annexB(sets, samples), format: 'h264' }
  return { bytes: ivf(codec, samples), format: 'ivf' }
}

describe.each(streams)('the video of $name, $codec $size', (stream) => {
  const { video, samples, facts } = readSamples(stream)

  it('has every frame whole, and its keyframes known', () => {
    expect(samples).not.toContain(undefined)
    expect(samples.filter((sample) => sample?.keyframe)).toHaveLength(stream.keyframes!.length)
    expect(samples[0]?.keyframe).toBe(true)
  })

  it('is what ffmpeg decoded of the packets', ({ skip }) => {
    if (missing) skip(missing)
    const whole = samples.flatMap((sample) => (sample ? [sample.data] : []))
    const { bytes, format } = fileOf(video, facts.parameterSets, whole)
    const { frames, complaints } = decodeVideo(bytes, format)
    expect(complaints).toBe('')
    expect(frames).toHaveLength(stream.decodedFrames!)
    expect(frames[0]).toBe(stream.firstFrameMd5)
  })
})
