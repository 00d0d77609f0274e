import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StreamInspector } from '#rtp/codecs/stream-inspector.ts'
import type { VideoCodec } from '#rtp/codecs/video-codec.ts'
import { BitWriter } from '#test/support/bit-writer.ts'
import { hex } from '#test/support/bytes.ts'
import { readStream, recordings } from '#test/support/rtpdump.ts'

/** Inspects payloads as [timestamp, hex]. */
function inspected(codec: VideoCodec, ...payloads: readonly (readonly [number, string])[]) {
  const inspector = new StreamInspector(codec)
  for (const [timestamp, payload] of payloads) {
    const bytes = hex(payload)
    inspector.inspect(bytes, 0, bytes.length, timestamp)
  }
  return inspector.facts
}

// libx264 and libx265 in ffmpeg 5.1, as in parameter-sets.spec.ts.
const sps = '67640015acb40d8ff2560220000003002000000791e2c5d4'
const spsOfBFrames = '67640028acd940780227e5c044000003000400000300f03c60c658'
const pps = '68ce0fc40c'
const idr = '6588843a0c60'
const hevcVps = '40010c01ffff016000000300900000030000030078959409'
const hevcSps =
  '420101016000000300900000030000030078a003c0801107cb965654a4c2f0168080000003008000000f04'
const hevcPps = '4401c073c189'
const hevcIdr = '2801ac210443'

const recordedVideo = recordings.flatMap(({ name, streams }) =>
  streams.flatMap((stream) => (stream.keyframes ? [{ name, ...stream }] : [])),
)

describe('facts of recorded streams', () => {
  it.each(recordedVideo)('$codec of $name, $size', ({ name, ssrc, codec, ...recorded }) => {
    const inspector = new StreamInspector(codec as VideoCodec)
    for (const { packet } of readStream(name, ssrc)) {
      inspector.inspect(packet.bytes, packet.payloadStart, packet.payloadEnd, packet.timestamp)
    }
    const { width, height, profile, reordered, ...facts } = inspector.facts
    expect(`${width}x${height}`).toBe(recorded.size)
    expect(facts.keyframeHasParameterSets).toBe(true)
    expect(reordered).toBe(false)
    if (codec === 'H264') {
      expect([profile]).toEqual(recorded.spsProfileLevel)
      expect(facts.parameterSets.map((nal) => nal[0]! & 0x1f)).toEqual([7, 8])
    }
    if (codec === 'VP9' || codec === 'AV1') expect(profile).toBe('0')
  })
})

describe('parameter sets', () => {
  it('are kept as whole NAL units, out of single packets and aggregations alike', () => {
    const parts = inspected('H264', [0, sps], [0, pps], [0, idr])
    const [spsSize, ppsSize] = [sps, pps].map((nal) =>
      (nal.length / 2).toString(16).padStart(4, '0'),
    )
    const together = inspected('H264', [0, `78 ${spsSize} ${sps} ${ppsSize} ${pps}`], [0, idr])
    expect(parts.parameterSets).toEqual([hex(sps), hex(pps)])
    expect(together).toEqual(parts)
  })

  it('are replaced by id, and change the facts', () => {
    const facts = inspected('H264', [0, sps], [0, pps], [0, idr], [1, spsOfBFrames])
    expect(facts.parameterSets).toEqual([hex(spsOfBFrames), hex(pps)])
    expect(facts).toMatchObject({ profile: '640028', level: 40, width: 1920, height: 1080 })
  })

  it('of another id are kept beside, 16 at most', () => {
    const ids = Array.from({ length: 18 }, (_, id) => {
      const pps = new BitWriter().ue(id, 7).rbsp()
      return [0, `68 ${pps.toString('hex')}`] as const
    })
    expect(inspected('H264', ...ids).parameterSets).toHaveLength(16)
  })

  it('too large for a packet are not kept', () => {
    expect(inspected('H264', [0, `68ce${'00'.repeat(999)}`]).parameterSets).toEqual([])
    expect(inspected('H264', [0, `68ce${'00'.repeat(998)}`]).parameterSets).toHaveLength(1)
  })

  it('that make no sense are not kept', () => {
    expect(inspected('H264', [0, '67'], [0, '68'], [0, '67ffffff']).parameterSets).toEqual([])
  })

  it('go in the order VPS, SPS, PPS', () => {
    const facts = inspected('H265', [0, hevcPps], [0, hevcSps], [0, hevcVps], [0, hevcIdr])
    expect(facts.parameterSets).toEqual([hex(hevcVps), hex(hevcSps), hex(hevcPps)])
    expect(facts).toMatchObject({
      profile: '1',
      level: 120,
      tier: 0,
      width: 1920,
      height: 1080,
      reordered: true,
      keyframeHasParameterSets: true,
    })
  })

  it.each`
    order                             | payloads                                     | expected
    ${'all before it'}                | ${[[9, sps], [9, pps], [9, idr]]}            | ${true}
    ${'all behind it'}                | ${[[9, idr], [9, pps], [9, sps]]}            | ${true}
    ${'none'}                         | ${[[9, idr]]}                                | ${false}
    ${'the SPS alone'}                | ${[[9, sps], [9, idr]]}                      | ${false}
    ${'those of an earlier keyframe'} | ${[[1, sps], [1, pps], [1, idr], [9, idr]]}  | ${false}
    ${'at a second slice'}            | ${[[9, sps], [9, pps], [9, idr], [9, idr]]}  | ${true}
    ${'those of the next one too'}    | ${[[9, sps], [9, pps], [9, idr], [10, sps]]} | ${true}
  `('came with the keyframe: $order gives $expected', ({ payloads, expected }) => {
    expect(inspected('H264', ...payloads).keyframeHasParameterSets).toBe(expected)
  })
})

describe('B-frames of H.264', () => {
  it.each`
    what                             | payload                          | expected
    ${'a B slice'}                   | ${'019e61452fe97efa' /* x264 */} | ${true}
    ${'a B slice used as reference'} | ${'419e42435fe6599e' /* x264 */} | ${true}
    ${'a first fragment of one'}     | ${'1c81 9e61452fe9'}             | ${true}
    ${'one in an aggregation'}       | ${'18 0004 019e6145'}            | ${true}
    ${'a later fragment'}            | ${'1c01 9e61452fe9'}             | ${false}
    ${'a P slice'}                   | ${'419a24095755d7b7' /* x264 */} | ${false}
    ${'a slice of one byte'}         | ${'41'}                          | ${false}
    ${'an SPS that announces them'}  | ${spsOfBFrames}                  | ${true}
    ${'an SPS that excludes them'}   | ${sps}                           | ${false}
  `('$what says $expected', ({ payload, expected }) => {
    expect(inspected('H264', [0, payload]).reordered).toBe(expected)
  })

  it('once seen, are not forgotten at the next SPS', () => {
    expect(inspected('H264', [0, sps], [1, '019e61452fe97efa'], [2, sps]).reordered).toBe(true)
  })
})

describe('facts of the other codecs', () => {
  it.each`
    codec    | source                | what                               | payload                                                                     | expected
    ${'VP8'} | ${'SRTP-124'}         | ${'its keyframe header'}           | ${'90 80 01 10 02 00 9d012a 8002 e001'}                                     | ${{ width: 640, height: 480 }}
    ${'VP8'} | ${'RFC 6386 §9.1'}    | ${'the size without scaling'}      | ${'10 10 02 00 9d012a 8042 e041'}                                           | ${{ width: 640, height: 480 }}
    ${'VP9'} | ${'libvpx'}           | ${'the frame header'}              | ${'08 824983420027f01676043824'}                                            | ${{ width: 640, height: 360, profile: '0' }}
    ${'VP9'} | ${'libvpx'}           | ${'profile 1, 4:4:4'}              | ${'08 a249834200035201dac0c704'}                                            | ${{ width: 426, height: 238, profile: '1' }}
    ${'VP9'} | ${'RFC 9628 §4.2.1'}  | ${'the top layer of a structure'}  | ${'aa 8001 00 00 38 0140 00b4 0280 0168 01 04 01 824983420027f01676043824'} | ${{ width: 640, height: 360, profile: '0' }}
    ${'VP9'} | ${'RFC 9628 §4.2.1'}  | ${'flexible mode, a structure'}    | ${'ba 05 00 10 0280 0168 824983420027f01676043824'}                         | ${{ width: 640, height: 360, profile: '0' }}
    ${'AV1'} | ${'SVT-AV1'}          | ${'level 3.1'}                     | ${'18 0a0b0000002d4cffb3cfbf9004'}                                          | ${{ width: 1280, height: 720, profile: '0', level: 5, tier: 0 }}
    ${'AV1'} | ${'libaom'}           | ${'level 2.1, behind a delimiter'} | ${'28 02 1200 0a0b0000000cc4ff6736be4010'}                                  | ${{ width: 640, height: 360, profile: '0', level: 1, tier: 0 }}
    ${'AV1'} | ${'libaom, stripped'} | ${'an OBU without its size'}       | ${'18 08 0000000cc4ff6736be4010'}                                           | ${{ width: 640, height: 360, profile: '0', level: 1, tier: 0 }}
  `('$codec: $what ($source)', ({ codec, payload, expected }) => {
    expect(inspected(codec, [0, payload])).toMatchObject({
      ...expected,
      keyframeHasParameterSets: true,
    })
  })

  it.each`
    codec    | what                            | payload
    ${'VP8'} | ${'without its start code'}     | ${'10 10 02 00 9d012b 8002 e001'}
    ${'VP8'} | ${'cut off'}                    | ${'10 10 02 00 9d012a 8002'}
    ${'VP9'} | ${'without its sync code'}      | ${'08 824983430027f01676043824'}
    ${'VP9'} | ${'with its structure cut off'} | ${'0a 38 0140 00b4'}
    ${'VP9'} | ${'cut off'}                    | ${'08 8249'}
    ${'AV1'} | ${'cut off'}                    | ${'18 0a0b0000002d'}
    ${'AV1'} | ${'of no sequence header'}      | ${'18 30 00'}
  `('$codec: a keyframe $what tells no size', ({ codec, payload }) => {
    expect(inspected(codec, [0, payload]).width).toBeUndefined()
  })

  it.each(['H264', 'H265', 'VP8', 'VP9', 'AV1'] as const)(
    '%s: takes any payloads without a throw, none and one byte too (SRTP-140)',
    (codec) => {
      const payload = fc.oneof(
        fc.uint8Array({ maxLength: 32 }),
        // Starts that lead deep into each parser.
        fc
          .tuple(
            fc.constantFrom('67', '68', '78', '41', '7c85', '4201', '4401', '6001', '6201a1'),
            fc.uint8Array({ maxLength: 32 }),
          )
          .map(([start, rest]) => Buffer.concat([hex(start), rest])),
        fc
          .tuple(
            fc.constantFrom('18', '1808', '0a', '8a', 'aa', 'ba', '10', '9080'),
            fc.uint8Array({ maxLength: 32 }),
          )
          .map(([start, rest]) => Buffer.concat([hex(start), rest])),
      )
      fc.assert(
        fc.property(fc.array(payload, { maxLength: 8 }), (payloads) => {
          const inspector = new StreamInspector(codec)
          for (const bytes of payloads) {
            inspector.inspect(Buffer.from(bytes), 0, bytes.length, 0)
          }
        }),
        { numRuns: 1000 },
      )
    },
  )
})
