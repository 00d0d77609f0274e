import { describe, expect, it } from 'vitest'
import { type KeyframeAnswers, KeyframeRequests } from '#relay/keyframe-requests.ts'

/** Polls every 10 ms. @returns when a request left */
function run(requests: KeyframeRequests, from: number, to: number, readers = false): number[] {
  const sent: number[] = []
  for (let now = from; now < to; now += 10) if (requests.poll(now, readers)) sent.push(now)
  return sent
}

describe('requests for a keyframe (DESIGN §6, SRTP-57)', () => {
  it('are none while nobody wants one', () => {
    expect(run(new KeyframeRequests('yes'), 0, 60_000)).toEqual([])
  })

  it('of many are one, at once, repeated every 500 ms until it comes', () => {
    const requests = new KeyframeRequests('yes')
    for (let i = 0; i < 100; i++) requests.want()
    expect(run(requests, 0, 1200)).toEqual([0, 500, 1000])
    requests.received(1200)
    expect(run(requests, 1200, 5000)).toEqual([])
  })

  it('are at least 500 ms apart, also around a keyframe', () => {
    const requests = new KeyframeRequests('yes')
    requests.want()
    requests.poll(0, false)
    requests.received(30)
    requests.want()
    expect(run(requests, 40, 600)).toEqual([500])
  })

  it('come every 4 s of their own while anybody reads: browsers’ GOPs never end', () => {
    const requests = new KeyframeRequests('yes')
    requests.received(0)
    expect(run(requests, 0, 4000, true)).toEqual([])
    expect(run(requests, 4000, 4300, true)).toEqual([4000])
    requests.received(4300)
    expect(run(requests, 4300, 8400, true)).toEqual([8300])
  })

  it('come every 10 s to those known to ignore them (IO-22, IO-42), and none of their own', () => {
    const requests = new KeyframeRequests('no')
    requests.received(0)
    expect(run(requests, 0, 20_000, true)).toEqual([])
    requests.want()
    expect(run(requests, 20_000, 35_000, true)).toEqual([20_000, 30_000])
  })
})

/** A publisher with a keyframe every `gop` ms, watched; what it is then taken for. */
function watched(
  answers: KeyframeAnswers,
  { gop, answersAfter }: { gop: number; answersAfter?: number },
): KeyframeAnswers {
  const requests = new KeyframeRequests(answers)
  let nextKeyframe = 0
  for (let now = 0; now < 120_000; now += 10) {
    if (now >= nextKeyframe) {
      requests.received(now)
      nextKeyframe = now + gop
    }
    const asked = requests.poll(now, true)
    if (asked && answersAfter !== undefined) {
      nextKeyframe = Math.min(nextKeyframe, now + answersAfter)
    }
  }
  return requests.answers
}

describe('whether a publisher answers', () => {
  it.each`
    publisher                                     | answers      | gop       | answersAfter | taken
    ${'that answers at once'}                     | ${'unknown'} | ${60_000} | ${30}        | ${'yes'}
    ${'that answers late'}                        | ${'unknown'} | ${60_000} | ${1400}      | ${'yes'}
    ${'with long GOPs that ignores requests'}     | ${'unknown'} | ${8330}   | ${undefined} | ${'no'}
    ${'with short GOPs, who need not be asked'}   | ${'unknown'} | ${2000}   | ${undefined} | ${'unknown'}
    ${'known to answer whose encoder is at rest'} | ${'yes'}     | ${60_000} | ${undefined} | ${'yes'}
    ${'known not to, with any GOP'}               | ${'no'}      | ${8330}   | ${undefined} | ${'no'}
  `('is learnt: one $publisher', ({ answers, gop, answersAfter, taken }) => {
    expect(watched(answers, { gop, answersAfter })).toBe(taken)
  })

  it('is not learnt of one known to ignore requests by a keyframe that was due anyway', () => {
    const requests = new KeyframeRequests('no')
    requests.want()
    expect(requests.poll(0, true)).toBe(true)
    requests.received(200)
    expect(requests.answers).toBe('no')
  })

  it('is learnt by the first request since the last keyframe, not by its repetitions', () => {
    const requests = new KeyframeRequests('unknown')
    requests.want()
    run(requests, 0, 3200)
    requests.received(3200)
    expect(requests.answers).toBe('unknown')
  })

  it('is unlearnt after four requests in vain, and learnt again', () => {
    const requests = new KeyframeRequests('unknown')
    requests.want()
    requests.poll(0, false)
    requests.received(100)
    expect(requests.answers).toBe('yes')
    for (let i = 1; i <= 4; i++) {
      requests.want()
      run(requests, i * 10_000, i * 10_000 + 3000)
      requests.received(i * 10_000 + 3000)
      expect(requests.answers).toBe(i < 4 ? 'yes' : 'no')
    }
    requests.want()
    run(requests, 60_000, 60_100)
    requests.received(60_100)
    expect(requests.answers).toBe('yes')
  })
})
