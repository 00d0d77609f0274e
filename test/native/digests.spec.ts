import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadAddon } from '#native/addon-file.ts'
import { TransportHistory } from '#native/twin/transport-history.ts'
import { FeedbackReader } from '#rtp/congestion/feedback-reader.ts'
import { type Arrival, writeTransportCc } from '#rtp/rtcp/transport-cc.ts'
import { readTransportCc } from '#rtp/rtcp/transport-cc-reader.ts'
import { compiledWithAddon } from '#test/support/compiled.ts'

type Step =
  | {
      readonly kind: 'send'
      readonly count: number
      readonly every: number
      readonly bytes: number
    }
  | { readonly kind: 'cluster'; readonly cluster: number }
  | {
      readonly kind: 'report'
      /** How far back it begins, and over how many numbers it goes. */
      readonly back: number
      readonly count: number
      /** By number, in ticks: how long each was on its way; negative is lost. */
      readonly delays: readonly number[]
      /** A byte of the packet that is changed, and into what; or where it is cut off. */
      readonly fault?: { readonly at: number; readonly xor: number; readonly cut: boolean }
    }
  | { readonly kind: 'time'; readonly ms: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      count: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.constant(2500)),
      every: fc.constantFrom(0, 0.3, 1.7, 6, 20),
      bytes: fc.integer({ min: 60, max: 1300 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('cluster' as const),
      cluster: fc.integer({ min: 0, max: 15 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record(
      {
        kind: fc.constant('report' as const),
        back: fc.oneof(fc.integer({ min: 0, max: 90 }), fc.integer({ min: 0, max: 5000 })),
        count: fc.integer({ min: 1, max: 120 }),
        delays: fc.array(
          fc.oneof(fc.integer({ min: 80, max: 400 }), fc.constantFrom(-1, 100, 100, 7000)),
          { minLength: 1, maxLength: 40 },
        ),
        fault: fc.record({ at: fc.nat(400), xor: fc.nat(255), cut: fc.boolean() }),
      },
      { requiredKeys: ['kind', 'back', 'count', 'delays'] },
    ),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('time' as const),
      ms: fc.constantFrom(1, 40, 2500, 31_000),
    }),
  },
)

/** A sender and the reports that come back: the words for the addon, and what the twin reads. */
class Exchange {
  readonly words: string[] = []
  readonly read: string[] = []
  /** Reports that spoke of a probe. */
  probes = 0
  readonly #history = new TransportHistory()
  readonly #reader = new FeedbackReader()
  readonly #sentAt: number[] = []
  #now: number

  /** @param start monotonic ms */
  constructor(start: number) {
    this.#now = start
  }

  take(step: Step): void {
    if (step.kind === 'time') this.#now += step.ms
    else if (step.kind === 'cluster') {
      this.words.push(`cluster ${step.cluster}`)
      this.#history.beginCluster(step.cluster)
    } else if (step.kind === 'send') {
      for (let i = 0; i < step.count; i++) this.#send(step.bytes, step.every)
    } else this.#report(step)
  }

  #send(bytes: number, every: number): void {
    this.#now += every
    this.words.push(`sent ${this.#now} ${bytes}`)
    this.#history.next(this.#now, bytes)
    this.#sentAt.push(this.#now)
  }

  #report({ back, count, delays, fault }: Step & { kind: 'report' }): void {
    const first = Math.max(0, this.#sentAt.length - back)
    const base = Math.floor((this.#sentAt[first] ?? this.#now) / 64)
    const arrivals: Arrival[] = []
    for (let i = 0; i < count; i++) {
      const delay = delays[i % delays.length]!
      const at = this.#sentAt[first + i] ?? this.#now
      if (delay < 0) continue
      const arrivedAt = Math.round(at * 4) + delay
      const before = arrivals.at(-1)?.arrivedAt ?? base * 256
      // More than a delta can say.
      if (Math.abs(arrivedAt - before) > 0x7fff) continue
      arrivals.push({ sequenceNumber: (first + i) & 0xffff, arrivedAt })
    }
    const wrapped = ((base << 8) >> 8) * 256
    const packet = writeTransportCc(1, 2, {
      baseSequence: first & 0xffff,
      statusCount: count,
      referenceTime: wrapped / 256,
      feedbackCount: 0,
      arrivals: arrivals.map(({ sequenceNumber, arrivedAt }) => {
        return { sequenceNumber, arrivedAt: arrivedAt - base * 256 + wrapped }
      }),
    })
    this.#tell(fault ? damaged(packet, fault) : packet)
  }

  #tell(packet: Buffer): void {
    this.words.push(`read ${this.#now} ${packet.toString('hex')}x`)
    const feedback = readTransportCc(packet)
    if (!feedback) {
      this.read.push('refused')
      return
    }
    const digest = this.#reader.read(feedback, (number) => this.#history.find(number), this.#now)
    const { received, lost, acknowledged, untold, arrivedAt, roundTrip, probe } = digest
    const { queueing = -1e9, delivered = -1e9, groups, groupCount } = digest
    const numbers = [
      received,
      lost,
      acknowledged,
      untold,
      arrivedAt,
      roundTrip,
      queueing,
      delivered,
    ]
    if (probe) {
      this.probes++
      numbers.push(...Object.values(probe))
    }
    this.read.push([...numbers, ...groups.subarray(0, 3 * groupCount)].join(' '))
  }
}

function damaged(
  packet: Buffer,
  { at, xor, cut }: { readonly at: number; readonly xor: number; readonly cut: boolean },
): Buffer {
  const place = at % packet.length
  if (cut) return packet.subarray(0, place)
  const bad = Buffer.from(packet)
  bad[place] = bad[place]! ^ xor
  return bad
}

const addon = loadAddon()

describe.skipIf('why' in addon)('the addon reads feedback', () => {
  it('as the reference does, to the last bit', { timeout: 120_000 }, () => {
    const steps = fc.array(step, { minLength: 20, maxLength: 60, size: 'max' })
    const start = fc.constantFrom(5, 123_456.789, 40 * 365 * 86_400_000)
    let [read, refused, probes] = [0, 0, 0]
    fc.assert(
      fc.property(start, steps, (from, all) => {
        const exchange = new Exchange(from)
        for (const one of all) exchange.take(one)
        const input = exchange.words.join('\n')
        const output = execFileSync(compiledWithAddon('digests'), { input, encoding: 'utf8' })
        const answers = output.split('\n').slice(0, -1)
        const numbers = (line: string) => line.trim().split(' ').map(Number)
        const told = answers.map((line) => (line === 'refused' ? line : numbers(line).join(' ')))
        expect(told).toEqual(exchange.read)
        read += told.length
        refused += told.filter((line) => line === 'refused').length
        probes += exchange.probes
      }),
      { numRuns: 150, endOnFailure: true },
    )
    expect(read - refused).toBeGreaterThan(1000)
    expect(refused).toBeGreaterThan(100)
    expect(probes).toBeGreaterThan(20)
  })
})
