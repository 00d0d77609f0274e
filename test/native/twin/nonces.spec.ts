import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TrackFormat } from '#native/media-plane.ts'
import type { PacketPlace, PacketStore } from '#native/packet-store.ts'
import { SourceLog } from '#native/twin/source-log.ts'
import { SrtpSender } from '#native/twin/srtp-sender.ts'
import { withoutRtx, withRtx } from '#test/native/received.ts'
import { NonceLedger } from '#test/support/nonce-ledger.ts'
import { labelled } from '#test/support/stored-packets.ts'
import { header, keys, LogRig, TrackRig } from './track-rig.ts'

// Short limits, so that a run of a few hundred steps meets eviction and refused packets.
const limits = { minimumAge: 25, maximumAge: 200, maximumBytes: 60_000 }
const { rtxSsrc: _, ...numbersWithoutRtx } = withRtx
const formats: readonly { readonly viewer: string; readonly format: TrackFormat }[] = [
  { viewer: 'with RTX', format: withRtx },
  { viewer: 'without RTX', format: withoutRtx },
  { viewer: 'that would number without RTX', format: numbersWithoutRtx },
]

type Step =
  | { readonly kind: 'arrive'; readonly skip: number; readonly count: number }
  | { readonly kind: 'late'; readonly back: number; readonly forged: boolean }
  | { readonly kind: 'keyframe' }
  | {
      readonly kind: 'replay'
      readonly back: number
      readonly pace: number
      readonly sets: boolean
    }
  | { readonly kind: 'follow' | 'leave' | 'newLog' }
  | { readonly kind: 'nack'; readonly back: number; readonly count: number }
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'pace'; readonly pace: number }
  | { readonly kind: 'probe'; readonly pace: number }
  | { readonly kind: 'numbered' }

const small = fc.integer({ min: 0, max: 40 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: arrival(fc.constantFrom(0, 0, 0, 1, 2, 1000), { min: 1, max: 6 }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('late'), back: small, forged: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('keyframe') }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('replay'),
      back: small,
      pace: fc.constantFrom(0, 200, 5000),
      sets: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('follow', 'leave', 'newLog') }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('nack'),
      back: fc.integer({ min: 0, max: 70 }),
      count: fc.integer({ min: 1, max: 30 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('pace'),
      pace: fc.constantFrom(0, 5, 200, Number.POSITIVE_INFINITY),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('probe'), pace: fc.constantFrom(5, 200, 5000) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('numbered') }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('time'), ms: fc.integer({ min: 1, max: 30 }) }),
  },
)

function arrival(skip: fc.Arbitrary<number>, count: { min: number; max: number }) {
  return fc.record({ kind: fc.constant('arrive' as const), skip, count: fc.integer(count) })
}

/** A publisher, a log at a time, and one viewer to whom anything may happen. */
class Scene {
  readonly rig: TrackRig
  #log = new LogRig('a', 1, limits)
  #next = 65_530
  #logs = 1
  #lastOut = 0

  constructor(format: TrackFormat) {
    this.rig = new TrackRig(format)
    // Close to the wrap of the outgoing numbers, wherever below 2^14 they begin.
    this.rig.track.follow({ log: 99, payloadType: 96 }, new SourceLog(99, everywhere))
    for (const index of [1, 25_000, 50_000]) this.rig.track.deliver(index)
  }

  take(step: Step): void {
    const { rig } = this
    const [log, end] = [this.#log, this.#next]
    switch (step.kind) {
      case 'arrive':
        this.#next += step.skip
        for (let i = 0; i < step.count; i++) rig.arrive(log, this.#next++)
        break
      case 'late':
        this.#late(end - 1 - step.back, step.forged)
        break
      case 'keyframe':
        if (log.packets.locate(end - 1, place)) log.packets.markKeyframe(end - 1)
        break
      case 'replay':
        this.#replay(step)
        break
      case 'follow':
        rig.follow(log)
        break
      case 'numbered':
        rig.track.follow({ ...log.asTrackSource, numbered: true }, log.source)
        break
      case 'pace':
        rig.track.setLivePace(step.pace)
        break
      case 'probe':
        rig.track.probe({ cluster: 1, pace: step.pace, bytes: 5000 })
        rig.pump()
        break
      case 'leave':
        rig.track.leave()
        break
      case 'newLog':
        log.packets.clear()
        rig.track.leave()
        this.#log = new LogRig(`log${++this.#logs} `, this.#logs, limits)
        this.#next = 65_530 - this.#logs * 7
        break
      case 'nack':
        this.#nack(step)
        break
      case 'time':
        rig.pump(step.ms)
    }
    for (const { out, ssrc } of rig.take()) {
      if (ssrc === withRtx.ssrc) this.#lastOut = Math.max(this.#lastOut, out)
    }
  }

  // A forged repeat says something else under a number that may have been used: an RTX packet
  // of a malicious publisher does.
  #late(index: number, forged: boolean): void {
    const bytes = forged ? labelled(`forged${index}`, header(index)) : undefined
    const { rig } = this
    const log = this.#log
    if (log.store(index, rig.now, bytes) && rig.track.log === log.source) rig.track.deliver(index)
  }

  #replay({ back, pace, sets }: Step & { kind: 'replay' }): void {
    const from = this.#next - 1 - back
    if (!this.#log.packets.locate(from, place)) return
    const prefix = [Buffer.from('sps'), Buffer.from('pps')]
    this.rig.replay(this.#log, from, { pace, burst: 1500, ...(sets && { prefix }) })
    this.rig.pump()
  }

  #nack({ back, count }: Step & { kind: 'nack' }): void {
    if (this.#lastOut === 0) return
    this.rig.nack(...Array.from({ length: count }, (_, i) => this.#lastOut - back + i))
  }
}
const place: PacketPlace = { bytes: Buffer.alloc(0), offset: 0, length: 0 }
/** The same packet at every index. */
const everywhere: PacketStore = {
  start: 0,
  end: 60_000,
  locate: (_index, found) => {
    const bytes = labelled('before')
    Object.assign(found, { bytes, offset: 0, length: bytes.length })
    return true
  },
}

describe('no (SSRC, index) stands for two packets (RFC 7714 §8.4)', () => {
  // On a busy machine the runs take longer than the usual limit.
  const timeout = 60_000
  it.each(formats)('whatever happens to a viewer $viewer', { timeout }, ({ format }) => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 30, maxLength: 120, size: 'max' }), (steps) => {
        const scene = new Scene(format)
        for (const one of steps) scene.take(one)
      }),
      // A failure is a list of steps already; making it shorter takes minutes.
      { numRuns: 150, endOnFailure: true },
    )
  })

  it('would be noticed', () => {
    const ledger = new NonceLedger(7, keys.local)
    const sender = new SrtpSender(7, keys.local)
    const sent = (label: string, index: number, ssrc = 7) => {
      const datagram = Buffer.alloc(100)
      const length = labelled(label, { sequenceNumber: index & 0xffff, ssrc }).copy(datagram)
      return datagram.subarray(0, sender.protectRtp(datagram, 12, length, index))
    }
    expect(ledger.record(sent('a', 0xffff)).repeated).toBe(false)
    expect(ledger.record(sent('a', 0xffff)).repeated).toBe(true)
    expect(() => ledger.record(sent('b', 0xffff))).toThrow('two packets')
    expect(ledger.record(sent('b', 0xffff, 9)).repeated).toBe(false)
    expect(ledger.record(sent('b', 0x1ffff))).toMatchObject({ index: 0x1ffff, repeated: false })
    expect(() => ledger.record(sent('c', 0xffff))).toThrow('two packets')
    expect(() => ledger.record(sent('a', 0x9ffff))).toThrow('under any index')
  })
})
