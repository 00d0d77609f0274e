import { describe, expect, it } from 'vitest'
import { packetLogLimits } from '#relay/packet-log.ts'
import { LogMemory } from './log-rig.ts'

const hour = 3_600_000
/** Never full, whatever comes. */
const endless = { minimumAge: hour, maximumAge: hour, maximumBytes: 1e12 }

describe('a packet in the log (DESIGN §4)', () => {
  it('lies at its index, bytes and all', () => {
    const memory = new LogMemory()
    memory.appendAll(70_000, 70_009)
    expect(memory.held(69_000, 71_000)).toEqual([
      70_000, 70_001, 70_002, 70_003, 70_004, 70_005, 70_006, 70_007, 70_008, 70_009,
    ])
    expect([memory.log.start, memory.log.end, memory.log.bytes]).toEqual([70_000, 70_010, 1000])
  })

  it('is stored once: a duplicate is not news and pins nothing', () => {
    const memory = new LogMemory()
    expect(memory.append(5)).toBe(true)
    expect(memory.append(5)).toBe(false)
    expect([memory.log.bytes, memory.references]).toEqual([100, 1])
  })

  it('leaves a hole when it is lost, and fills it when it comes late', () => {
    const memory = new LogMemory()
    memory.append(5)
    memory.append(8)
    expect(memory.held(0, 20)).toEqual([5, 8])
    expect(memory.append(6)).toBe(true)
    expect(memory.held(0, 20)).toEqual([5, 6, 8])
    expect(memory.log.end).toBe(9)
  })

  it('may come in front of the first one', () => {
    const memory = new LogMemory()
    memory.append(5)
    expect(memory.append(3)).toBe(true)
    expect(memory.held(0, 20)).toEqual([3, 5])
    expect(memory.log.start).toBe(3)
  })

  it('may be the repaired start of the keyframe that the log begins with', () => {
    const memory = new LogMemory()
    memory.append(10, 0, { timestamp: 90 })
    memory.log.markKeyframe(10)
    for (let index = 11; index < 3000; index++) memory.append(index, 0, { timestamp: 90 + index })
    expect(memory.append(9, 0, { timestamp: 90 })).toBe(true)
    expect(memory.log.keyframe).toBe(9)
  })

  it('is refused when it lies further back than any log reaches', () => {
    const memory = new LogMemory()
    memory.append(270_000)
    expect(memory.append(270_000 - 131_071)).toBe(false)
    expect(memory.append(270_000 - 131_070)).toBe(true)
  })

  it('that was dropped never comes back: its number has been used (RFC 7714 §8.4)', () => {
    const memory = new LogMemory({ ...endless, minimumAge: 10 })
    memory.appendAll(5, 9, 0)
    memory.append(10, 100)
    expect(memory.log.start).toBe(10)
    expect(memory.append(7, 101)).toBe(false)
    expect(memory.held(0, 20)).toEqual([10])
  })

  it('is found after the ring has wrapped and grown', () => {
    const memory = new LogMemory({ ...endless, minimumAge: 1000 })
    for (let index = 0; index < 20_000; index++) {
      // Faster and faster: 1, 2 … 10 packets a millisecond, and then one again.
      if (index % 97 !== 0) memory.append(65_000 + index, index / (1 + (index % 7000) / 700))
    }
    const { start, end } = memory.log
    expect(end).toBe(85_000)
    const expected = []
    for (let index = start; index < end; index++) {
      if ((index - 65_000) % 97 !== 0) expected.push(index)
    }
    expect(memory.held(start - 10, end + 10)).toEqual(expected)
    expect(memory.references).toBe(expected.length)
  })

  it('gives its memory back when the log closes', () => {
    const memory = new LogMemory()
    memory.appendAll(5, 5000)
    memory.log.clear()
    expect([memory.references, memory.log.bytes, memory.log.keyframe]).toEqual([0, 0, undefined])
    expect(memory.held(0, 6000)).toEqual([])
    memory.log.clear()
    expect(memory.references).toBe(0)
  })
})

describe('the start of a replay', () => {
  it('is the first packet of the frame whose slice shows the keyframe', () => {
    const memory = new LogMemory()
    memory.appendAll(18, 24)
    expect(memory.log.markKeyframe(23)).toBe(true)
    expect(memory.log.keyframe).toBe(20)
  })

  it('is told once per frame, and never of an older one', () => {
    const memory = new LogMemory()
    memory.appendAll(20, 35)
    expect(memory.log.markKeyframe(33)).toBe(true)
    expect(memory.log.markKeyframe(34)).toBe(false)
    expect(memory.log.markKeyframe(21)).toBe(false)
    expect(memory.log.keyframe).toBe(30)
  })

  it('is not where the same frame goes on behind a lost packet', () => {
    const memory = new LogMemory()
    memory.appendAll(20, 23)
    memory.appendAll(25, 28)
    expect(memory.log.markKeyframe(21)).toBe(true)
    expect(memory.log.markKeyframe(26)).toBe(false)
    memory.append(24)
    expect(memory.log.keyframe).toBe(20)
  })

  it('is looked for once in a frame without end, whose every packet shows a keyframe', () => {
    const memory = new LogMemory()
    memory.append(0, 0, { timestamp: 9, size: 20 })
    const [slab] = memory.slabs
    const read = slab!.bytes.readUInt32BE
    let reads = 0
    slab!.bytes.readUInt32BE = (at) => {
      reads++
      return read.call(slab!.bytes, at)
    }
    for (let index = 1; index < 1000; index++) {
      memory.append(index, 0, { timestamp: 9, size: 20 })
      memory.log.markKeyframe(index)
    }
    expect(memory.log.keyframe).toBe(0)
    expect(reads).toBeLessThan(3000)
  })

  it('reaches back only as far as the packets lie one beside the other', () => {
    const memory = new LogMemory()
    memory.append(20)
    memory.append(22)
    memory.append(23)
    memory.log.markKeyframe(23)
    expect(memory.log.keyframe).toBe(22)
  })

  it('moves back when a reordered packet of its frame comes', () => {
    const memory = new LogMemory()
    memory.append(19)
    memory.append(20)
    memory.append(22)
    memory.log.markKeyframe(22)
    memory.append(21)
    expect(memory.log.keyframe).toBe(20)
  })

  it('does not move back over the frame before it', () => {
    const memory = new LogMemory()
    memory.append(18)
    memory.append(20)
    memory.log.markKeyframe(20)
    memory.append(19)
    expect(memory.log.keyframe).toBe(20)
  })

  it('moves back over a wrapped timestamp of zero, too', () => {
    const memory = new LogMemory()
    memory.append(19, 0, { timestamp: 2 ** 32 - 3000 })
    memory.append(20, 0, { timestamp: 0 })
    memory.append(21, 0, { timestamp: 0 })
    memory.log.markKeyframe(21)
    expect(memory.log.keyframe).toBe(20)
  })

  it('has an age and a size', () => {
    const memory = new LogMemory()
    expect(memory.log.keyframeAge(0, 90_000)).toBeUndefined()
    memory.appendAll(20, 29, 100)
    memory.log.markKeyframe(20)
    memory.appendAll(30, 39, 150)
    expect(memory.log.keyframeAge(400, 90_000)).toBe(300)
    expect(memory.log.bytesFrom(20)).toBe(2000)
    expect(memory.log.bytesFrom(35)).toBe(500)
    expect(memory.log.bytesFrom(0)).toBe(2000)
  })
})

describe('the age of a keyframe', () => {
  const copied = (ticks: number) => {
    const memory = new LogMemory()
    memory.append(20, 1000, { timestamp: 2 ** 32 - 9000 })
    memory.log.markKeyframe(20)
    memory.append(21, 1010, { timestamp: (2 ** 32 - 9000 + ticks) % 2 ** 32 })
    return memory.log.keyframeAge(1030, 90_000)
  }

  it('is what its RTP time says where it was copied from another log', () => {
    expect(copied(4 * 90_000)).toBe(4020)
  })

  it('is no less than the time since it came, and no more than a log holds', () => {
    expect(copied(0)).toBe(30)
    expect(copied(-90_000)).toBe(30)
    expect(copied(1000 * 90_000)).toBe(packetLogLimits.maximumAge + 20)
  })
})

describe('what the log lets go (DESIGN §4)', () => {
  it('is what is older than 2 s and before the newest keyframe', () => {
    const memory = new LogMemory()
    memory.appendAll(10, 19, 0)
    memory.appendAll(20, 29, 1000)
    memory.log.markKeyframe(20)
    memory.append(30, 2000)
    expect(memory.log.start).toBe(10)
    memory.append(31, 2001)
    expect(memory.log.start).toBe(20)
    memory.append(32, 15_000)
    expect(memory.log.start).toBe(20)
  })

  it('is all older than 2 s where there are no keyframes', () => {
    const memory = new LogMemory()
    for (let i = 0; i < 500; i++) memory.append(1000 + i, i * 20)
    expect(memory.log.start).toBe(1499 - 100)
    expect(memory.log.capped).toBe(false)
  })

  it.each`
    limit       | at        | size
    ${'20 s'}   | ${20_001} | ${100}
    ${'64 MiB'} | ${1000}   | ${100}
  `('is the keyframe too, at $limit, and then there is no replay', ({ limit, at }) => {
    const memory = new LogMemory(
      limit === '20 s'
        ? undefined
        : { minimumAge: 2000, maximumAge: 20_000, maximumBytes: 64 * 100 },
    )
    memory.appendAll(20, 29, 0)
    memory.log.markKeyframe(20)
    const packets = limit === '20 s' ? 1 : 64
    for (let i = 0; i < packets; i++) memory.append(30 + i, at)
    expect([memory.log.keyframe, memory.log.capped]).toEqual([undefined, true])
    memory.append(100, at)
    memory.log.markKeyframe(100)
    expect([memory.log.keyframe, memory.log.capped]).toEqual([100, false])
  })

  it('is never the newest packet, however long ago it came', () => {
    const memory = new LogMemory()
    memory.append(10, 0)
    memory.append(11, hour)
    expect(memory.held(0, 20)).toEqual([11])
  })

  it('is everything when the numbers jump beyond reason, the keyframe too', () => {
    const memory = new LogMemory(endless)
    memory.appendAll(10, 19)
    memory.log.markKeyframe(15)
    memory.append(10 + 2 ** 17)
    expect([memory.log.start, memory.log.end]).toEqual([10 + 2 ** 17, 11 + 2 ** 17])
    expect([memory.log.keyframe, memory.log.capped]).toEqual([undefined, true])
    expect(memory.log.keyframeAge(0, 90_000)).toBeUndefined()
    expect(memory.references).toBe(1)
  })

  it('takes the holes before it along', () => {
    const memory = new LogMemory({ ...endless, minimumAge: 10 })
    memory.append(10, 0)
    memory.append(20, 5)
    memory.append(21, 12)
    expect(memory.log.start).toBe(20)
    expect(memory.append(15, 12)).toBe(false)
  })
})

describe('a log that was emptied', () => {
  it('takes the keyframe that it had for news when it comes again', () => {
    const memory = new LogMemory()
    memory.append(5)
    expect(memory.log.markKeyframe(5)).toBe(true)
    expect(memory.log.markKeyframe(5)).toBe(false)
    memory.log.clear()
    expect(memory.log.keyframe).toBeUndefined()
    memory.append(5)
    expect(memory.log.markKeyframe(5)).toBe(true)
  })
})
