import type { VideoCodec } from '#rtp/codecs/video-codec.ts'

const startCode = Buffer.from([0, 0, 0, 1])

/** Samples of four-byte lengths as a byte stream of start codes, parameter sets first. */
export function annexB(parameterSets: readonly Buffer[], samples: readonly Buffer[]): Buffer {
  const parts = parameterSets.flatMap((nal) => [startCode, nal])
  for (const sample of samples) {
    for (let at = 0; at < sample.length; ) {
      const end = at + 4 + sample.readUInt32BE(at)
      parts.push(startCode, sample.subarray(at + 4, end))
      at = end
    }
  }
  return Buffer.concat(parts)
}

const fourcc: Partial<Record<VideoCodec, string>> = { VP8: 'VP80', VP9: 'VP90', AV1: 'AV01' }

/** Samples of VP8, VP9 or AV1 as IVF, a frame a tick. */
export function ivf(codec: VideoCodec, samples: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(32)
  head.write('DKIF', 0, 'latin1')
  head.writeUInt16LE(32, 6)
  head.write(fourcc[codec]!, 8, 'latin1')
  head.writeUInt16LE(640, 12)
  head.writeUInt16LE(360, 14)
  head.writeUInt32LE(30, 16)
  head.writeUInt32LE(1, 20)
  head.writeUInt32LE(samples.length, 24)
  const frames = samples.flatMap((sample, index) => {
    const frame = Buffer.alloc(12)
    frame.writeUInt32LE(sample.length, 0)
    frame.writeUInt32LE(index, 4)
    return [frame, sample]
  })
  return Buffer.concat([head, ...frames])
}
