import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyframeDetector, type VideoCodec } from '#rtp/codecs/video-codec.ts'
import { hex } from '#test/support/bytes.ts'
import { readStream, recordings } from '#test/support/rtpdump.ts'

function isKeyframe(codec: VideoCodec, payload: Buffer): boolean {
  // Between other bytes, that would be taken for a keyframe if they were read.
  const bytes = Buffer.concat([Buffer.alloc(4, 0x65), payload, Buffer.alloc(4, 0x65)])
  return keyframeDetector(codec)(bytes, 4, 4 + payload.length)
}

describe('keyframe detection', () => {
  it.each`
    codec     | source        | what                              | payload                                 | expected
    ${'H264'} | ${'SRTP-122'} | ${'a STAP-A with SPS'}            | ${'78 0004 6742e01f'}                   | ${true}
    ${'H264'} | ${'SRTP-122'} | ${'a first fragment of IDR'}      | ${'7c 85 88'}                           | ${true}
    ${'H264'} | ${'SRTP-118'} | ${'a later fragment of IDR'}      | ${'7c 05 88'}                           | ${false}
    ${'H264'} | ${'SRTP-118'} | ${'a fragment, first and last'}   | ${'7c c5 88'}                           | ${false}
    ${'H264'} | ${'SRTP-119'} | ${'an IDR'}                       | ${'65 88'}                              | ${true}
    ${'H264'} | ${'SRTP-119'} | ${'an SPS'}                       | ${'67 42'}                              | ${true}
    ${'H264'} | ${'SRTP-119'} | ${'a PPS'}                        | ${'68 ce'}                              | ${false}
    ${'H264'} | ${'SRTP-119'} | ${'a STAP-A with IDR behind SEI'} | ${'78 0002 0601 0002 6588'}             | ${true}
    ${'H264'} | ${'SRTP-117'} | ${'a STAP-A cut off'}             | ${'78 0002 0601 0003 6588'}             | ${false}
    ${'H264'} | ${'RFC 6184'} | ${'an inter picture'}             | ${'41 9a'}                              | ${false}
    ${'H265'} | ${'SRTP-136'} | ${'a first fragment of IDR'}      | ${'62 01 93 af'}                        | ${true}
    ${'H265'} | ${'SRTP-136'} | ${'a later fragment of IDR'}      | ${'62 01 13 af'}                        | ${false}
    ${'H265'} | ${'SRTP-135'} | ${'a fragment, first and last'}   | ${'62 01 d3 af'}                        | ${false}
    ${'H265'} | ${'SRTP-136'} | ${'a VPS'}                        | ${'40 01 0c'}                           | ${true}
    ${'H265'} | ${'SRTP-136'} | ${'a CRA picture'}                | ${'2a 01 af'}                           | ${true}
    ${'H265'} | ${'SRTP-136'} | ${'a trailing picture'}           | ${'02 01 d0'}                           | ${false}
    ${'H265'} | ${'SRTP-136'} | ${'an aggregation with SPS'}      | ${'60 01 0003 4e0105 0003 420101'}      | ${true}
    ${'H265'} | ${'SRTP-136'} | ${'an aggregation of SEI'}        | ${'60 01 0003 4e0105'}                  | ${false}
    ${'H265'} | ${'SRTP-136'} | ${'an SPS of one byte'}           | ${'60 01 0001 42 0003 4e0105'}          | ${false}
    ${'VP8'}  | ${'SRTP-124'} | ${'a keyframe'}                   | ${'90 80 01 10 02 00 9d012a 8002 e001'} | ${true}
    ${'VP8'}  | ${'IO-68'}    | ${'a keyframe without PictureID'} | ${'10 10 02 00 9d012a 8002 e001'}       | ${true}
    ${'VP8'}  | ${'SRTP-123'} | ${'all optional fields'}          | ${'90 f0 81 01 00 20 10 02 00 9d012a'}  | ${true}
    ${'VP8'}  | ${'RFC 6386'} | ${'an inter frame'}               | ${'90 80 01 11'}                        | ${false}
    ${'VP8'}  | ${'RFC 7741'} | ${'a later packet of a keyframe'} | ${'80 80 01 10'}                        | ${false}
    ${'VP8'}  | ${'RFC 7741'} | ${'its second partition'}         | ${'91 80 01 10'}                        | ${false}
    ${'VP9'}  | ${'SRTP-128'} | ${'a keyframe'}                   | ${'8a 01'}                              | ${true}
    ${'VP9'}  | ${'SRTP-128'} | ${'a predicted frame'}            | ${'c8 01'}                              | ${false}
    ${'VP9'}  | ${'SRTP-128'} | ${'a later packet of a keyframe'} | ${'82 01'}                              | ${false}
    ${'VP9'}  | ${'SRTP-128'} | ${'its lowest spatial layer'}     | ${'a8 80 01 00 00'}                     | ${true}
    ${'VP9'}  | ${'SRTP-128'} | ${'its second spatial layer'}     | ${'a8 80 01 02 00'}                     | ${false}
    ${'AV1'}  | ${'SRTP-130'} | ${'a new sequence'}               | ${'18 08 00'}                           | ${true}
    ${'AV1'}  | ${'SRTP-130'} | ${'N alone'}                      | ${'18 30 00'}                           | ${true}
    ${'AV1'}  | ${'SRTP-129'} | ${'N with Z, which is illegal'}   | ${'98 08 00'}                           | ${false}
    ${'AV1'}  | ${'SRTP-130'} | ${'a sequence header, no N'}      | ${'10 08 00'}                           | ${true}
    ${'AV1'}  | ${'SRTP-130'} | ${'one behind a delimiter'}       | ${'00 02 1200 02 0a00'}                 | ${true}
    ${'AV1'}  | ${'SRTP-129'} | ${'a frame'}                      | ${'10 30 00'}                           | ${false}
    ${'AV1'}  | ${'SRTP-129'} | ${'the rest of one'}              | ${'90 08 00'}                           | ${false}
  `('$codec: $what gives $expected ($source)', ({ codec, payload, expected }) => {
    expect(isKeyframe(codec, hex(payload))).toBe(expected)
  })

  const codecs = ['H264', 'H265', 'VP8', 'VP9', 'AV1'] as const

  it.each(codecs)('%s: takes any payload without a throw, none and one byte too', (codec) => {
    expect(isKeyframe(codec, hex(''))).toBe(false)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
        isKeyframe(codec, Buffer.from(bytes))
      }),
      { numRuns: 1000 },
    )
  })

  it.each(codecs)('%s: never looks behind the end of the payload', (codec) => {
    const bytes = fc.uint8Array({ maxLength: 8 })
    fc.assert(
      fc.property(bytes, bytes, (payload, behind) => {
        const whole = Buffer.concat([payload, behind])
        const detect = keyframeDetector(codec)
        expect(detect(whole, 0, payload.length)).toBe(
          detect(Buffer.from(payload), 0, payload.length),
        )
      }),
      { numRuns: 1000 },
    )
  })
})

const recordedVideo = recordings.flatMap(({ name, streams }) =>
  streams.flatMap((stream) => (stream.keyframes ? [{ name, ...stream }] : [])),
)

describe('recorded keyframes start with the first packet of their timestamp', () => {
  it.each(recordedVideo)('$codec of $name, $size', ({ name, ssrc, codec, keyframes }) => {
    const isStart = keyframeDetector(codec as VideoCodec)
    const found: { seq: number; ts: number }[] = []
    let frame = { seq: -1, ts: -1 }
    for (const { packet } of readStream(name, ssrc)) {
      if (packet.timestamp !== frame.ts) {
        frame = { seq: packet.sequenceNumber, ts: packet.timestamp }
      }
      if (isStart(packet.bytes, packet.payloadStart, packet.payloadEnd) && found.at(-1) !== frame) {
        found.push(frame)
      }
    }
    expect(found).toEqual(keyframes?.map(({ seq, ts }) => ({ seq, ts })))
  })
})
