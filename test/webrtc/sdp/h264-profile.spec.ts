import { describe, expect, it } from 'vitest'
import { h264Profile } from '#webrtc/sdp/h264-profile.ts'

describe('spellings of one profile (RFC 6184 §8.1, table 5)', () => {
  it.each`
    profile                   | spellings
    ${'constrained-baseline'} | ${['42e01f', '42c01e', '42400b', '42E034', '4d801f', '4de01f', '58c01f', '58f01f']}
    ${'baseline'}             | ${['42001f', '42a01f', '58801f']}
    ${'main'}                 | ${['4d001f', '4d401f', '4D4028']}
    ${'high'}                 | ${['64001f', '640034']}
    ${'constrained-high'}     | ${['640c1f']}
    ${'f400'}                 | ${['f4001f', 'F40034']}
    ${'6e00'}                 | ${['6e0028']}
  `('$profile: $spellings', ({ profile, spellings }) => {
    expect(spellings.map(h264Profile)).toEqual(spellings.map(() => profile))
  })

  it('what is no profile at all is like itself only', () => {
    expect(h264Profile('')).toBe('')
    expect(h264Profile('xyz')).toBe('xyz')
  })
})
