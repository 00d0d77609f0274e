import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readH264Sps } from '#rtp/codecs/h264-sps.ts'
import { readH265Sps } from '#rtp/codecs/h265-sps.ts'
import { BitWriter, escapeRbsp } from '#test/support/bit-writer.ts'
import { hex } from '#test/support/bytes.ts'

// Written by libx264 and libx265 (ffmpeg 5.1), what they say by ffprobe of the same files; those
// of OBS and Chromium are in the recordings (stream-inspector.spec.ts).
describe('H.264 sequence parameter sets (H.264 §7.3.2.1.1)', () => {
  it.each`
    what                      | sps                                                                                         | profileLevelId | width   | height  | maxReorderedFrames
    ${'High with B-frames'}   | ${'67640028acd940780227e5c044000003000400000300f03c60c658'}                                 | ${'640028'}    | ${1920} | ${1080} | ${2}
    ${'interlaced, with HRD'} | ${'674d4028f403c0227efff000300046a0202028000003000800000301e3240007a12000f427261007c58ba8'} | ${'4d4028'}    | ${1920} | ${1080} | ${0}
    ${'4:4:4, an odd size'}   | ${'67f40015919681b1fe7bc044000003000400000300f23c58ba80'}                                   | ${'f40015'}    | ${426}  | ${238}  | ${0}
    ${'scaling lists of JVT'} | ${'67640015acb40d8ff2560220000003002000000791e2c5d4'}                                       | ${'640015'}    | ${426}  | ${238}  | ${0}
  `('$what', ({ sps, ...expected }) => {
    const bytes = hex(sps)
    expect(readH264Sps(bytes, 1, bytes.length)).toMatchObject({
      id: 0,
      level: Number.parseInt(expected.profileLevelId.slice(4), 16),
      profileLevelId: expected.profileLevelId,
      width: expected.width,
      height: expected.height,
      maxReorderedFrames: expected.maxReorderedFrames,
    })
  })

  it('steps over explicit scaling lists, chroma planes and picture order of type 1', () => {
    const sps = new BitWriter().u(8, 100).u(8, 0).u(8, 31).ue(5)
    sps.ue(3).u(1, 1).ue(0, 0).u(1, 0) // 4:4:4 in planes of their own
    sps.u(1, 1).u(1, 1) // the first of 12 lists is given: one flat of 16, then "the same"
    sps.se(8).se(-16).u(11, 0)
    sps.ue(0, 1).u(1, 0).se(-3).se(4).ue(2).se(1).se(-1) // offsets for a cycle of two frames
    sps.ue(1).u(1, 0).ue(39, 29).u(1, 1).u(1, 1).u(1, 1).ue(1, 2, 3, 4).u(1, 0)
    const bytes = escapeRbsp(sps.rbsp())
    expect(readH264Sps(bytes, 0, bytes.length)).toEqual({
      id: 5,
      profileLevelId: '64001f',
      level: 31,
      width: 640 - 3,
      height: 480 - 7,
      maxReorderedFrames: undefined,
    })
  })

  it('reads no set that is cut off before its end', () => {
    const bytes = hex('67640028acd940780227e5c0')
    for (let end = 1; end < 8; end++) expect(readH264Sps(bytes, 1, end)).toBeUndefined()
  })

  it.each`
    fault                       | fields
    ${'an id over 31'}          | ${[32, 0, 0, 0, 1, 39, 29]}
    ${'a width of 1025 blocks'} | ${[0, 0, 0, 0, 1, 1024, 29]}
  `('reads no set with $fault', ({ fields }) => {
    const [id, ...rest] = fields as [number, number, number, number, number, number, number]
    const [frameBits, order, orderBits, references, wide, high] = rest
    const sps = new BitWriter().u(8, 66).u(8, 0).u(8, 31)
    sps.ue(id, frameBits, order, orderBits, references).u(1, 0).ue(wide, high)
    const bytes = sps.u(1, 1).u(1, 0).u(1, 0).u(1, 0).rbsp()
    expect(readH264Sps(bytes, 0, bytes.length)).toBeUndefined()
  })

  it('reads no set that crops away all of the picture', () => {
    const sps = new BitWriter().u(8, 66).u(8, 0).u(8, 31).ue(0, 0, 0, 0, 1).u(1, 0).ue(0, 0)
    const bytes = sps.u(1, 1).u(1, 0).u(1, 1).ue(8, 0, 0, 0).u(1, 0).rbsp()
    expect(readH264Sps(bytes, 0, bytes.length)).toBeUndefined()
  })

  it('takes any bytes without a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const sps = readH264Sps(Buffer.from(bytes), 0, bytes.length)
        if (sps) expect(Math.min(sps.width, sps.height)).toBeGreaterThan(0)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('H.265 sequence parameter sets (H.265 §7.3.2.2)', () => {
  it.each`
    what                    | sps                                                                                         | profile | level  | width   | height  | maxReorderedFrames
    ${'Main with B-frames'} | ${'420101016000000300900000030000030078a003c0801107cb965654a4c2f0168080000003008000000f04'} | ${1}    | ${120} | ${1920} | ${1080} | ${2}
    ${'Main 10, odd size'}  | ${'42010102200000030090000003000003003ca00d880f1c94d96e92930bc05a020000030002000003003c10'} | ${2}    | ${60}  | ${426}  | ${238}  | ${0}
    ${'Main, two layers'}   | ${'42010101600000030090000003000003003fa005020171f2e5ba4a4c2f016808000003000800000300f040'} | ${1}    | ${63}  | ${640}  | ${360}  | ${0}
  `('$what', ({ sps, what: _, ...expected }) => {
    const bytes = hex(sps)
    expect(readH265Sps(bytes, 2, bytes.length)).toEqual({ id: 0, tier: 0, ...expected })
  })

  it('steps over what is said of sub-layers, and takes the reordering of the last', () => {
    const sps = new BitWriter().u(4, 0).u(3, 2).u(1, 0)
    sps.u(2, 0).u(1, 1).u(5, 1).u(32, 0).u(32, 0).u(16, 0).u(8, 93)
    sps.u(2, 0b11).u(2, 0b01).u(12, 0) // flags of two sub-layers, filled up to eight
    sps.u(32, 0).u(32, 0).u(24, 0).u(8, 60).u(8, 90)
    sps.ue(3, 3).u(1, 0).ue(640, 360).u(1, 1).ue(1, 2, 3, 4).ue(0, 0, 4)
    sps.u(1, 1).ue(1, 0, 0).ue(2, 1, 0).ue(3, 2, 0)
    const bytes = escapeRbsp(sps.rbsp())
    expect(readH265Sps(bytes, 0, bytes.length)).toEqual({
      id: 3,
      profile: 1,
      tier: 1,
      level: 93,
      width: 640 - 3,
      height: 360 - 7,
      maxReorderedFrames: 2,
    })
  })

  it('takes any bytes without a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const sps = readH265Sps(Buffer.from(bytes), 0, bytes.length)
        if (sps) expect(Math.min(sps.width, sps.height)).toBeGreaterThan(0)
      }),
      { numRuns: 2000 },
    )
  })
})
