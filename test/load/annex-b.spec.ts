import { describe, expect, it } from 'vitest'
import { accessUnits, splitAnnexB } from '#load/annex-b.ts'
import { hex } from '#test/support/bytes.ts'

const units = (text: string) => text.split(',').map((unit) => hex(unit))

describe('byte stream format (ITU-T H.264 annex B)', () => {
  it.each`
    what                             | stream                                 | expected
    ${'long and short start codes'}  | ${'00000001 6701 000001 6802'}         | ${'6701,6802'}
    ${'zero bytes behind a unit'}    | ${'000001 6701 0000 00000001 6802 00'} | ${'6701,6802'}
    ${'bytes before the first code'} | ${'ffff 000001 6701'}                  | ${'6701'}
    ${'a start code with nothing'}   | ${'000001 000001 6701'}                | ${'6701'}
    ${'emulation prevention inside'} | ${'000001 65 000003 01 000001 41 9a'}  | ${'6500000301,419a'}
  `('splits at $what', ({ stream, expected }) => {
    expect(splitAnnexB(hex(stream))).toEqual(units(expected))
  })

  it.each(['', '00', '0000', '000001', '00000001'])('finds nothing in "%s"', (stream) => {
    expect(splitAnnexB(hex(stream))).toEqual([])
  })
})

describe('access units (ITU-T H.264 §7.4.1.2.3)', () => {
  it.each`
    what                                  | stream                                  | expected
    ${'a delimiter'}                      | ${'09f0,6742,68ce,6588,09f0,419a'}      | ${['09f0,6742,68ce,6588', '09f0,419a']}
    ${'parameter sets, without one'}      | ${'6742,68ce,6588,419a,6742,68ce,6588'} | ${['6742,68ce,6588', '419a', '6742,68ce,6588']}
    ${'a first slice, not a second'}      | ${'6588,6548,419a,414a'}                | ${['6588,6548', '419a,414a']}
    ${'SEI, before the delimiter of OBS'} | ${'0605,09f0,6742,6588,0605,419a'}      | ${['0605,09f0,6742,6588', '0605,419a']}
  `('begin at $what', ({ stream, expected }) => {
    const found = accessUnits(units(stream))
    expect(found.map(({ nalUnits }) => nalUnits.map((u) => u.toString('hex')).join())).toEqual(
      expected,
    )
  })

  it('are keyframes when they hold an IDR slice', () => {
    const found = accessUnits(units('6742,68ce,6588,6548,419a'))
    expect(found.map(({ keyframe }) => keyframe)).toEqual([true, false])
  })

  it('leave out what has no picture', () => {
    expect(accessUnits(units('09f0,6742,68ce'))).toEqual([])
  })
})
