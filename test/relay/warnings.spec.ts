import { describe, expect, it } from 'vitest'
import { type PublicationFacts, streamWarnings } from '#relay/warnings.ts'

const publisher = { client: 'obs', connectedMs: 60_000, lossFraction: 0 }
const video = {
  codec: 'H264',
  profileLevelId: '64001f',
  gopMs: 2000,
  reordered: false,
  answersKeyframeRequests: 'no',
  replay: 'ready',
} as const
const good = { publisher, video, audio: { codec: 'opus' } } satisfies PublicationFacts
const codes = (facts: PublicationFacts) => streamWarnings(facts).map(({ code }) => code)

describe('warnings of a stream', () => {
  it('are none for a good one', () => {
    expect(streamWarnings(good)).toEqual([])
  })

  it.each`
    code                        | what                         | facts
    ${'no-video'}               | ${'sound alone'}             | ${{ ...good, video: undefined }}
    ${'no-audio'}               | ${'a picture alone'}         | ${{ ...good, audio: undefined }}
    ${'log-full'}               | ${'a keyframe too long ago'} | ${{ ...good, video: { ...video, replay: 'log-full' } }}
    ${'no-keyframe-yet'}        | ${'no keyframe'}             | ${{ ...good, video: { ...video, replay: 'no-keyframe-yet' } }}
    ${'loss-on-the-way-in'}     | ${'1.1 % loss'}              | ${{ ...good, publisher: { ...publisher, lossFraction: 0.011 } }}
    ${'b-frames'}               | ${'B-frames'}                | ${{ ...good, video: { ...video, reordered: true } }}
    ${'long-keyframe-interval'} | ${'a keyframe every 8.33 s'} | ${{ ...good, video: { ...video, gopMs: 8330 } }}
    ${'codec-not-everywhere'}   | ${'H265'}                    | ${{ ...good, video: { ...video, codec: 'H265' } }}
    ${'codec-not-everywhere'}   | ${'AV1'}                     | ${{ ...good, video: { ...video, codec: 'AV1' } }}
    ${'profile-not-everywhere'} | ${'H264 High 4:4:4'}         | ${{ ...good, video: { ...video, profileLevelId: 'f40028' } }}
    ${'profile-not-everywhere'} | ${'H264 High 10'}            | ${{ ...good, video: { ...video, profileLevelId: '6e0028' } }}
    ${'profile-not-everywhere'} | ${'VP9 profile 2'}           | ${{ ...good, video: { ...video, codec: 'VP9', profileLevelId: '2' } }}
  `('name $code for $what', ({ code, facts }) => {
    expect(codes(facts)).toEqual([code])
  })

  it.each`
    what                                            | facts
    ${'loss of just 1 %'}                           | ${{ ...good, publisher: { ...publisher, lossFraction: 0.01 } }}
    ${'a keyframe every 4 s'}                       | ${{ ...good, video: { ...video, gopMs: 4000 } }}
    ${'an endless GOP of one who answers requests'} | ${{ ...good, video: { ...video, gopMs: 60_000, answersKeyframeRequests: 'yes' } }}
    ${'VP8'}                                        | ${{ ...good, video: { ...video, codec: 'VP8', profileLevelId: undefined } }}
    ${'VP9 profile 0'}                              | ${{ ...good, video: { ...video, codec: 'VP9', profileLevelId: '0' } }}
    ${'H264 before its profile is known'}           | ${{ ...good, video: { ...video, profileLevelId: undefined } }}
    ${'a publisher that has only just come'}        | ${{ publisher: { ...publisher, connectedMs: 100 } }}
    ${'nobody'}                                     | ${{}}
  `('are none for $what', ({ facts }) => {
    expect(codes(facts)).toEqual([])
  })

  it('put first what spoils most', () => {
    const facts: PublicationFacts = {
      publisher: { ...publisher, lossFraction: 0.05 },
      video: { ...video, gopMs: 25_000, reordered: true, replay: 'log-full' },
    }
    expect(codes(facts)).toEqual([
      'no-audio',
      'log-full',
      'loss-on-the-way-in',
      'b-frames',
      'long-keyframe-interval',
    ])
  })

  it('say what to do, in the words of the program that sends', () => {
    const [warning] = streamWarnings({ ...good, video: { ...video, gopMs: 8330 } })
    expect(warning?.text).toContain('8.3 s')
    expect(warning?.text).toContain('"Keyframe Interval" to 2 s in OBS')
  })
})
