import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MediaCodec } from '#rtp/codecs/video-codec.ts'
import { createDepacketiser } from '#rtp/depacketise/depacketiser.ts'
import { hex } from '#test/support/bytes.ts'

const codecs: readonly MediaCodec[] = ['opus', 'H264', 'H265', 'VP8', 'VP9', 'AV1']

/** Puts payloads together as one access unit; hex of the sample. */
function put(codec: MediaCodec, ...payloads: string[]): string | undefined {
  const depacketiser = createDepacketiser(codec)
  for (const payload of payloads) {
    const bytes = hex(payload)
    depacketiser.add(bytes, 0, bytes.length)
  }
  return depacketiser.finish()?.data.toString('hex')
}

describe.each(codecs)('payloads of %s', (codec) => {
  it('may be anything: what is no frame is none, and the next one is not spoilt', () => {
    const depacketiser = createDepacketiser(codec)
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }), (payloads) => {
        for (const payload of payloads) depacketiser.add(Buffer.from(payload), 0, payload.length)
        depacketiser.finish()
        expect(depacketiser.finish()).toBeUndefined()
      }),
    )
  })
})

describe('an access unit', () => {
  it.each`
    codec     | what                                             | payloads                                                  | sample
    ${'H264'} | ${'of one NAL unit'}                             | ${['41aabb']}                                             | ${'0000000341aabb'}
    ${'H264'} | ${'in fragments'}                                | ${['7c85aa', '7c05bb', '7c45cc']}                         | ${'0000000465aabbcc'}
    ${'H264'} | ${'aggregated, with SEI'}                        | ${['78 0002 06aa 0002 41bb']}                             | ${'0000000206aa0000000241bb'}
    ${'H264'} | ${'without delimiter and parameter sets'}        | ${['09f0', '6742c01e', '68ce', '65aa']}                   | ${'0000000265aa'}
    ${'H264'} | ${'whose parameter set came in fragments'}       | ${['7c8742', '7c471e', '65aa']}                           | ${'0000000265aa'}
    ${'H264'} | ${'that lacks its last fragment'}                | ${['7c85aa', '7c05bb']}                                   | ${undefined}
    ${'H264'} | ${'that lacks its first fragment'}               | ${['7c05bb', '7c45cc']}                                   | ${undefined}
    ${'H264'} | ${'that has another NAL unit between fragments'} | ${['7c85aa', '41aa', '7c45cc']}                           | ${undefined}
    ${'H264'} | ${'without a picture'}                           | ${['06aabb']}                                             | ${undefined}
    ${'H264'} | ${'whose aggregation is cut off'}                | ${['78 0002 41aa 0009 41']}                               | ${undefined}
    ${'H265'} | ${'in fragments, without parameter sets'}        | ${['4001aa', '4201bb', '4401cc', '620193dd', '620153ee']} | ${'000000042601ddee'}
    ${'VP8'}  | ${'of two payloads'}                             | ${['10aabb', '00cc']}                                     | ${'aabbcc'}
    ${'VP8'}  | ${'that lacks its start'}                        | ${['00cc']}                                               | ${undefined}
    ${'VP9'}  | ${'of two payloads'}                             | ${['08aa', '04bb']}                                       | ${'aabb'}
    ${'VP9'}  | ${'of two layers: a superframe with an index'}   | ${['0caa', '0cbbcc']}                                     | ${'aabbccd9 01000000 02000000 d9'}
    ${'VP9'}  | ${'that lacks its end'}                          | ${['08aa', '00bb']}                                       | ${undefined}
    ${'AV1'}  | ${'of two OBUs, which get sizes'}                | ${['20 02 30aa 32bb']}                                    | ${'3201aa32bb'}
    ${'AV1'}  | ${'whose OBU goes on in the next payload'}       | ${['50 30aa', '90 bb']}                                   | ${'3202aabb'}
    ${'AV1'}  | ${'without delimiter and padding'}               | ${['30 01 10 02 78aa 30bb']}                              | ${'3201bb'}
    ${'AV1'}  | ${'that lacks its rest'}                         | ${['50 30aa']}                                            | ${undefined}
    ${'AV1'}  | ${'that lacks its beginning'}                    | ${['90 bb']}                                              | ${undefined}
    ${'opus'} | ${'of no frames'}                                | ${['ff00']}                                               | ${undefined}
  `('$codec $what', ({ codec, payloads, sample }) => {
    expect(put(codec, ...payloads)).toBe(sample?.replaceAll(' ', ''))
  })
})
