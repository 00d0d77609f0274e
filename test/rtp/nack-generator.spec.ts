import { describe, expect, it } from 'vitest'
import { NackGenerator, type NackOptions } from '#rtp/nack-generator.ts'

/** Everything that is to be sent at `now`. */
function pollAll(nack: NackGenerator, now: number) {
  const repairs = []
  for (let repair = nack.poll(now); repair; repair = nack.poll(now)) repairs.push(repair)
  return repairs
}

function receiving(sequenceNumbers: readonly number[], options: NackOptions = {}): NackGenerator {
  const nack = new NackGenerator({ reorderWait: 10, ...options })
  nack.roundTrip = 50
  for (const sequenceNumber of sequenceNumbers) nack.receive(sequenceNumber, 0)
  return nack
}

describe('generic NACK (RFC 4585 §6.2.1)', () => {
  it.each`
    gap                               | received        | lost
    ${'inside a cycle'}               | ${[9, 12]}      | ${[10, 11]}
    ${'across the wrap'}              | ${[65534, 1]}   | ${[65535, 0]}
    ${'right behind the wrap'}        | ${[65535, 2]}   | ${[0, 1]}
    ${'in a stream that starts at 0'} | ${[0, 2]}       | ${[1]}
    ${'twice'}                        | ${[1, 3, 4, 6]} | ${[2, 5]}
    ${'as a late packet left it'}     | ${[1, 5, 3]}    | ${[2, 4]}
  `('names the packets missing $gap, oldest first', ({ received, lost }) => {
    expect(pollAll(receiving(received), 10)).toEqual([{ kind: 'nack', lost }])
  })

  it.each`
    what                              | received
    ${'what is there'}                | ${[1, 2, 3]}
    ${'a packet that came twice'}     | ${[1, 2, 2, 3]}
    ${'what is older than the first'} | ${[10, 8, 9, 11]}
    ${'anything before a packet'}     | ${[]}
  `('never asks for $what', ({ received }) => {
    const nack = receiving(received)
    expect(nack.nextTimeout).toBe(Number.POSITIVE_INFINITY)
    expect(pollAll(nack, 1000)).toEqual([])
  })

  it('gives reordering time to heal', () => {
    const nack = receiving([1, 3])
    expect(nack.nextTimeout).toBe(10)
    nack.receive(2, 9)
    expect(pollAll(nack, 10)).toEqual([])
    expect(nack.nextTimeout).toBe(Number.POSITIVE_INFINITY)
  })

  it('asks again after each round trip', () => {
    const nack = receiving([1, 3])
    expect(pollAll(nack, 10)).toHaveLength(1)
    expect(nack.nextTimeout).toBe(60)
    expect(pollAll(nack, 59)).toEqual([])
    expect(pollAll(nack, 60)).toEqual([{ kind: 'nack', lost: [2] }])
  })

  it('asks again after 20 ms where the round trip is shorter', () => {
    const nack = receiving([1, 3])
    nack.roundTrip = 2
    pollAll(nack, 10)
    expect(nack.nextTimeout).toBe(30)
  })

  it('asks ten times, then for a keyframe, once', () => {
    const nack = receiving([1, 3])
    nack.roundTrip = 20
    for (let attempt = 0; attempt < 10; attempt++) {
      expect(pollAll(nack, 10 + attempt * 20)).toEqual([{ kind: 'nack', lost: [2] }])
    }
    expect(pollAll(nack, 210)).toEqual([{ kind: 'keyframe' }])
    expect(nack.nextTimeout).toBe(Number.POSITIVE_INFINITY)
    expect(pollAll(nack, 230)).toEqual([])
  })

  it('gives up after a second, for a keyframe', () => {
    const nack = receiving([1, 3])
    nack.roundTrip = 400
    expect([10, 410, 810].map((now) => pollAll(nack, now).length)).toEqual([1, 1, 1])
    expect(pollAll(nack, 1210)).toEqual([{ kind: 'keyframe' }])
  })

  it('gives up single packets, and still asks for younger ones', () => {
    const nack = receiving([1, 3], { maxAttempts: 1 })
    pollAll(nack, 10)
    nack.receive(5, 50)
    expect(pollAll(nack, 60)).toEqual([{ kind: 'nack', lost: [4] }, { kind: 'keyframe' }])
  })

  it('forgets what was lost before a keyframe (SRTP-53)', () => {
    const nack = receiving([1, 3, 5, 6])
    nack.keyframeAt(6)
    expect(pollAll(nack, 10)).toEqual([])
  })

  it('repairs a keyframe itself, and what may be its parameter sets in front', () => {
    const nack = receiving([65530, 65532, 65535, 1])
    nack.keyframeAt(65535)
    expect(pollAll(nack, 10)).toEqual([{ kind: 'nack', lost: [65533, 65534, 0] }])
  })

  it('needs no keyframe when one has come', () => {
    const nack = receiving([1, 1000, 1001])
    nack.keyframeAt(1001)
    expect(pollAll(nack, 0)).toEqual([])
  })

  it('asks for a keyframe at once when the gap is past repair', () => {
    const nack = receiving([1, 3, 514 + 2])
    expect(nack.nextTimeout).toBe(0)
    expect(pollAll(nack, 0)).toEqual([{ kind: 'keyframe' }])
    expect(pollAll(nack, 10)).toEqual([])
  })

  it('remembers a bounded number of losses, the newest', () => {
    const nack = receiving([0, 3, 6], { maxLosses: 3 })
    expect(pollAll(nack, 10)).toEqual([{ kind: 'nack', lost: [2, 4, 5] }, { kind: 'keyframe' }])
  })

  it('asks for 256 packets at a time, in datagrams that fit', () => {
    const nack = receiving([0, 301])
    expect(pollAll(nack, 10).map((repair) => repair.kind === 'nack' && repair.lost.length)).toEqual(
      [256, 44],
    )
  })
})
