import { describe, expect, it } from 'vitest'
import { UpLayer } from '#relay/up-layer.ts'
import { buildRtp, RtpPacket } from '#rtp/packet.ts'
import { hex } from '#test/support/bytes.ts'
import { RecordingPlane } from '#test/support/recording-plane.ts'
import { SlabWriter } from '#test/support/stored-packets.ts'

const keyframe = hex('908001100200 9d012a 8002 e001')
const frame = hex('9080011101')

class Rig {
  readonly plane = new RecordingPlane()
  readonly layer = new UpLayer(this.plane, {
    codec: 'VP8',
    clockRate: 90_000,
    rid: undefined,
    repair: true,
    keyframeAnswers: 'yes',
  })
  readonly #writer = new SlabWriter()
  readonly #view = new RtpPacket()

  receive(sequenceNumber: number, now: number, payload = frame, repaired = false): void {
    const header = { ssrc: 5, payloadType: 96, sequenceNumber, marker: true }
    const packet = buildRtp({ ...header, timestamp: sequenceNumber * 900 }, payload)
    const { slab, offset, length } = this.#writer.write(packet)
    this.#view.read(slab.bytes, offset, offset + length)
    this.layer.receive(this.#view, slab, { now, repaired, sent: undefined })
  }

  get delivered(): readonly number[] {
    return this.plane.delivered.get(this.layer.logId)!
  }
}

describe('a layer on its way into the log', () => {
  it('is delivered batch by batch, and its keyframe told with the last', () => {
    const rig = new Rig()
    rig.receive(0, 0, keyframe)
    for (let i = 1; i < 600; i++) rig.receive(i, 0)
    expect(rig.layer.flush()).toBe(true)
    expect(rig.delivered).toEqual(Array.from({ length: 600 }, (_, i) => 0x10000 + i))
    expect(rig.layer.flush()).toBe(false)
    expect(rig.delivered).toHaveLength(600)
  })

  it('keeps its index over a wrap', () => {
    const rig = new Rig()
    for (const number of [65_534, 65_535, 0, 1]) rig.receive(number, 0)
    rig.layer.flush()
    expect(rig.delivered).toEqual([131_070, 131_071, 131_072, 131_073])
  })
})

describe('what a layer holds without a hole', () => {
  const run = { ssrc: 5, base: 0, from: 0, end: 0 }

  it('ends before the oldest packet that is still asked for, also when its run is over', () => {
    const rig = new Rig()
    rig.layer.beginRun(run, 0)
    expect(rig.layer.heldUpTo).toBeUndefined()
    for (const number of [0, 1, 2, 3, 6, 7, 9]) rig.receive(number, 10)
    expect(rig.layer.heldUpTo).toBe(3)
    rig.layer.endRun()
    rig.layer.endRun()
    expect(rig.layer.heldUpTo).toBe(3)
    rig.layer.beginRun({ ...run, from: 4, end: 10 }, 20)
    for (let number = 4; number < 12; number++) rig.receive(number, 30)
    expect(rig.layer.heldUpTo).toBe(11)
    rig.layer.endRun()
    expect(rig.layer.heldUpTo).toBe(11)
  })

  it('does not reach what the last run has lost before the next run has come there', () => {
    const rig = new Rig()
    rig.layer.beginRun(run, 0)
    for (const number of [0, 1, 2, 3, 7, 8, 9]) rig.receive(number, 10)
    rig.layer.endRun()
    // The second parent dies when it has sent two of those that are missing, or none.
    rig.layer.beginRun({ ...run, from: 4, end: 10 }, 20)
    expect(rig.layer.heldUpTo).toBe(3)
    rig.layer.endRun()
    expect(rig.layer.heldUpTo).toBe(3)
    rig.layer.beginRun({ ...run, from: 4, end: 10 }, 30)
    for (const number of [4, 5]) rig.receive(number, 40)
    expect(rig.layer.heldUpTo).toBe(5)
    rig.layer.endRun()
    expect(rig.layer.heldUpTo).toBe(5)
  })
})

describe('what a layer tells of itself', () => {
  it('is its frames and bits per second', () => {
    const rig = new Rig()
    for (let i = 0; i < 200; i++) rig.receive(i, i * 20)
    expect(rig.layer.framesPerSecond(4000)).toBeCloseTo(50, -1)
    expect(rig.layer.bitsPerSecond(4000) / (50 * 17 * 8)).toBeCloseTo(1, 1)
    expect(rig.layer.framesPerSecond(9000)).toBe(0)
  })

  it('is, of what is copied from another node, what that one tells, until it comes as it is made', () => {
    const rig = new Rig()
    rig.layer.told(36_000)
    rig.layer.beginRun({ ssrc: 5, base: 0, from: 0, end: 200 }, 0)
    rig.receive(0, 0, keyframe)
    for (let i = 1; i < 200; i++) rig.receive(i, 20)
    expect(rig.layer.bitsPerSecond(30)).toBe(36_000)
    const copied = 199 * 17 + 22
    expect(rig.layer.mediaRate(30)).toBeCloseTo(copied / 2000, 1)
    for (let i = 200; i < 400; i++) rig.receive(i, i * 10 - 1980)
    expect(rig.layer.bitsPerSecond(900)).toBe(36_000)
    expect(rig.layer.bitsPerSecond(2020) / (100 * 17 * 8)).toBeCloseTo(1, 1)
    rig.receive(400, 2030, keyframe)
    expect(rig.layer.keyframeInterval).toBe(4000)
  })

  it('is what was lost and how unevenly it comes, as last reported', () => {
    const rig = new Rig()
    expect(rig.layer.report(0)).toBeUndefined()
    expect([rig.layer.lossFraction, rig.layer.jitterMs]).toEqual([0, 0])
    for (let i = 0; i < 100; i++) if (i % 4 !== 1) rig.receive(i, i * 10 + (i % 2) * 4)
    rig.layer.report(1000)
    expect(rig.layer.lossFraction).toBeCloseTo(0.25, 2)
    expect(rig.layer.jitterMs).toBeGreaterThan(0)
    for (let i = 100; i < 200; i++) rig.receive(i, i * 10)
    rig.layer.report(2000)
    expect(rig.layer.lossFraction).toBe(0)
  })

  it('is no worse for repairs, which are late on purpose', () => {
    const rig = new Rig()
    for (let i = 0; i < 100; i++) if (i !== 50) rig.receive(i, i * 10)
    rig.receive(50, 5000, frame, true)
    rig.layer.report(5000)
    expect(rig.layer.lossFraction).toBeGreaterThan(0)
    expect(rig.layer.jitterMs).toBe(0)
  })

  it('is the rate of a replay: of the last second, then since the keyframe', () => {
    const rig = new Rig()
    rig.receive(0, 0, Buffer.concat([keyframe, Buffer.alloc(30_000)]))
    expect(rig.layer.mediaRate(100)).toBeGreaterThan(100)
    for (let i = 1; i <= 200; i++) rig.receive(i, i * 10, Buffer.concat([frame, Buffer.alloc(983)]))
    expect(rig.layer.mediaRate(2000) / 115).toBeCloseTo(1, 1)
  })
})
