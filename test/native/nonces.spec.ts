import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NonceScene, type Step } from './nonce-scene.ts'
import { onEveryPlane } from './on-every-plane.ts'
import { PlaneRig } from './plane-rig.ts'
import { planes } from './planes.ts'
import { withRtx } from './received.ts'

const small = fc.integer({ min: 0, max: 40 })
const which = { layer: fc.nat(), viewer: fc.nat() }
const plain = (
  kind:
    | 'follow'
    | 'silence'
    | 'keyframe'
    | 'epoch'
    | 'join'
    | 'part'
    | 'move'
    | 'settle'
    | 'endRun',
) => fc.record({ kind: fc.constant(kind), ...which })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('arrive' as const),
      ...which,
      skip: fc.constantFrom(0, 0, 0, 0, 1, 2, 1000, 20_000),
      count: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom('repair' as const, 'race' as const, 'late' as const),
      ...which,
      back: fc.oneof(small, fc.integer({ min: 40, max: 150 })),
      forged: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('replay' as const),
      ...which,
      back: small,
      pace: fc.constantFrom(0, 200, 5000),
      sets: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('run' as const),
      ...which,
      back: small,
      pace: fc.constantFrom(0, 200, 5000),
    }),
  },
  {
    weight: 16,
    arbitrary: fc.record({
      kind: fc.constantFrom('nack' as const, 'runNack' as const),
      ...which,
      back: fc.integer({ min: 0, max: 70 }),
      count: fc.integer({ min: 1, max: 30 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('time' as const),
      ...which,
      ms: fc.integer({ min: 1, max: 60 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('pace' as const),
      ...which,
      pace: fc.constantFrom(0, 5, 200, 1000, Number.POSITIVE_INFINITY),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('probe' as const),
      ...which,
      pace: fc.constantFrom(1, 200, 5000),
      bytes: fc.constantFrom(500, 3000, 100_000),
    }),
  },
  { weight: 3, arbitrary: plain('follow') },
  { weight: 1, arbitrary: plain('silence') },
  { weight: 2, arbitrary: plain('settle') },
  { weight: 1, arbitrary: plain('keyframe') },
  { weight: 1, arbitrary: plain('epoch') },
  { weight: 1, arbitrary: plain('join') },
  { weight: 1, arbitrary: plain('part') },
  { weight: 1, arbitrary: plain('move') },
  { weight: 1, arbitrary: plain('endRun') },
)

describe.each(planes)(
  'no (key, SSRC, index) stands for two packets (RFC 7714 §8.4: $name)',
  (plane) => {
    it('whatever happens to viewers and children of a node, of a publisher that means harm', {
      timeout: 120_000,
    }, async () => {
      const total = { packets: 0, repeats: 0, wraps: 0, probed: 0, linked: 0, linkedAgain: 0 }
      const steps = fc.array(step, { minLength: 60, maxLength: 160, size: 'max' })
      await fc.assert(
        fc.asyncProperty(steps, async (all) => {
          const rig = await PlaneRig.open(plane)
          try {
            const scene = await NonceScene.open(rig)
            for (const one of all) await scene.take(one)
            await scene.settled()
            rig.check()
            const { packets, repeats, wraps, linked, linkedAgain } = scene.received
            total.linked += linked
            total.linkedAgain += linkedAgain
            total.packets += packets
            total.repeats += repeats
            total.wraps = Math.max(total.wraps, wraps)
            total.probed += rig.plane.statistics.sent.probed
          } finally {
            await rig.close()
          }
        }),
        // A failure is a list of steps already; making it shorter takes minutes.
        { numRuns: 40, endOnFailure: true },
      )
      expect(total.packets).toBeGreaterThan(2000)
      expect(total.repeats).toBeGreaterThan(200)
      expect(total.wraps).toBeGreaterThanOrEqual(2)
      expect(total.probed).toBeGreaterThan(10)
      expect(total.linked).toBeGreaterThan(200)
      expect(total.linkedAgain).toBeGreaterThan(10)
    })
  },
)

onEveryPlane(
  'the numbers of repeats',
  (it) => {
    it('wrap at 16 bits like all others', async (rig) => {
      const viewer = await rig.viewer(withRtx)
      const log = rig.log('a')
      rig.follow(viewer, log)
      log.put(1, Buffer.from('806000010000006400005eed', 'hex'))
      const [first] = await viewer.take(1)
      expect(first).toBeDefined()
      // What repeats may cost is 512 KiB at once: of the smallest packet there is, 43,690.
      let repeats = 0
      while (repeats < 0x10000) {
        const { retransmitted } = rig.plane.trackStatistics(viewer.track)
        viewer.nack(...Array.from({ length: 1000 }, () => 0))
        await viewer.settled()
        repeats = rig.plane.trackStatistics(viewer.track).retransmitted
        await viewer.has(1 + repeats)
        expect(repeats).toBeGreaterThan(retransmitted)
      }
      const again = viewer.peer.media.slice(1)
      const start = again[0]!.index
      expect(again.map(({ index }) => index - start)).toEqual(again.map((_, i) => i))
    })
  },
  { random: (bound) => bound - 1 },
)
