import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { opusChannels, opusDuration } from '#rtp/codecs/opus.ts'
import { hex } from '#test/support/bytes.ts'
import { readStream, recordings } from '#test/support/rtpdump.ts'

/** The TOC byte: configuration, stereo, and code of the frame count (RFC 6716 §3.1). */
const toc = (configuration: number, stereo: number, code: number) =>
  (configuration << 3) | (stereo << 2) | code

describe('Opus packets (RFC 6716 §3)', () => {
  it.each`
    configurations      | durations
    ${[0, 1, 2, 3]}     | ${[10, 20, 40, 60]}
    ${[8, 9, 10, 11]}   | ${[10, 20, 40, 60]}
    ${[12, 13, 14, 15]} | ${[10, 20, 10, 20]}
    ${[16, 17, 18, 19]} | ${[2.5, 5, 10, 20]}
    ${[28, 29, 30, 31]} | ${[2.5, 5, 10, 20]}
  `(
    'table 2: configurations $configurations last $durations ms',
    ({ configurations, durations }) => {
      const measured = (configurations as number[]).map((configuration) =>
        opusDuration(Buffer.from([toc(configuration, 0, 0)]), 0, 1),
      )
      expect(measured).toEqual(durations)
    },
  )

  it.each`
    what                               | packet     | expected
    ${'code 0 is one frame'}           | ${'fc'}    | ${20}
    ${'code 1 is two'}                 | ${'fd'}    | ${40}
    ${'code 2 is two'}                 | ${'fe'}    | ${40}
    ${'code 3 says how many'}          | ${'ff 03'} | ${60}
    ${'flags are not part of a count'} | ${'ff c3'} | ${60}
    ${'120 ms are allowed'}            | ${'ff 06'} | ${120}
    ${'140 ms are not'}                | ${'ff 07'} | ${undefined}
    ${'a count of none is not'}        | ${'ff 00'} | ${undefined}
    ${'a count cut off is not'}        | ${'ff'}    | ${undefined}
    ${'nothing is not'}                | ${''}      | ${undefined}
  `('$what', ({ packet, expected }) => {
    const bytes = hex(packet)
    expect(opusDuration(bytes, 0, bytes.length)).toBe(expected)
  })

  it('tells channels per packet', () => {
    expect([opusChannels(hex('78'), 0, 1), opusChannels(hex('fc'), 0, 1)]).toEqual([1, 2])
    expect(opusChannels(hex('fc'), 0, 0)).toBeUndefined()
  })

  it('takes any bytes without a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4 }), (bytes) => {
        const duration = opusDuration(Buffer.from(bytes), 0, bytes.length) ?? 20
        expect(duration > 0 && duration <= 120).toBe(true)
      }),
    )
  })
})

const recordedAudio = recordings.flatMap(({ name, streams }) =>
  streams.flatMap(({ codec, ssrc }) => (codec === 'OPUS' ? [{ name, ssrc }] : [])),
)

describe('recorded Opus: RTP time advances by 48 ticks per ms (RFC 7587 §4.1)', () => {
  it.each(recordedAudio)('$name', ({ name, ssrc }) => {
    let expected: number | undefined
    let count = 0
    for (const { packet } of readStream(name, ssrc)) {
      const duration = opusDuration(packet.bytes, packet.payloadStart, packet.payloadEnd)
      if (expected !== undefined) expect(packet.timestamp).toBe(expected)
      expect(duration).toBe(20)
      expected = (packet.timestamp + duration! * 48) >>> 0
      count++
    }
    expect(count).toBeGreaterThan(300)
  })
})
