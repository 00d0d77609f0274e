import fc from 'fast-check'
import { expect, it } from 'vitest'
import { LogMemory } from './log-rig.ts'

const limits = { minimumAge: 50, maximumAge: 400, maximumBytes: 4000 }
const frame = (index: number) => Math.floor(index / 10)

/** The same rules over a plain map, with no thought of speed. */
class Model {
  packets = new Map<number, number>()
  start = 0
  end = 0
  keyframe: number | undefined
  capped = false
  #dropped = false
  #toldOf: number | undefined

  append(index: number, now: number): boolean {
    if (this.end === this.start) this.start = this.end = index
    if (index < this.start) {
      const tooLate = this.#dropped || this.end - index >= 1 << 17
      if (tooLate) return false
      this.start = index
    }
    if (this.packets.has(index)) return false
    this.packets.set(index, now)
    this.end = Math.max(this.end, index + 1)
    if (this.keyframe === index + 1 && frame(index) === frame(index + 1)) {
      this.keyframe = this.#first(index)
    }
    while (this.start < this.end - 1 && this.#isOver(this.start, now)) this.#drop()
    return true
  }

  markKeyframe(index: number): boolean {
    const first = this.#first(index)
    if (this.#toldOf === frame(index)) return false
    if (this.keyframe !== undefined && first <= this.keyframe) return false
    this.keyframe = first
    this.#toldOf = frame(index)
    this.capped = false
    return true
  }

  #first(index: number): number {
    let first = index
    while (this.packets.has(first - 1) && frame(first - 1) === frame(index)) first--
    return first
  }

  #isOver(index: number, now: number): boolean {
    const arrived = this.packets.get(index)
    if (arrived === undefined) return true
    const age = now - arrived
    if (age > limits.maximumAge || this.packets.size * 100 > limits.maximumBytes) return true
    return age > limits.minimumAge && !(this.keyframe !== undefined && index >= this.keyframe)
  }

  #drop(): void {
    if (this.start === this.keyframe) {
      this.keyframe = undefined
      this.capped = true
    }
    this.packets.delete(this.start++)
    this.#dropped = true
  }
}

const step = fc.record({
  kind: fc.constantFrom('append', 'append', 'append', 'append', 'keyframe'),
  ahead: fc.oneof(
    { weight: 6, arbitrary: fc.constant(1) },
    { weight: 3, arbitrary: fc.integer({ min: -30, max: 30 }) },
    { weight: 1, arbitrary: fc.integer({ min: -1500, max: 1500 }) },
  ),
  ms: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 30 })),
})
const steps = fc.array(step, { minLength: 20, maxLength: 200, size: 'max' })

it('a log is a map with a start, an end and a keyframe (property)', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const memory = new LogMemory(limits)
      const model = new Model()
      let [newest, now] = [65_530, 0]
      for (const { kind, ahead, ms } of all) {
        now += ms
        const index = newest + ahead
        if (kind === 'append') {
          expect(memory.append(index, now)).toBe(model.append(index, now))
          newest = Math.max(newest, index)
        } else if (memory.at(index)) {
          expect(memory.log.markKeyframe(index)).toBe(model.markKeyframe(index))
        }
        const { start, end, keyframe, capped, bytes } = memory.log
        expect({ start, end, keyframe, capped, bytes }).toEqual({
          start: model.start,
          end: model.end,
          keyframe: model.keyframe,
          capped: model.capped,
          bytes: model.packets.size * 100,
        })
      }
      const held = memory.held(Math.max(0, model.start - 50), model.end + 50)
      expect(held).toEqual([...model.packets.keys()].sort((a, b) => a - b))
      expect(memory.references).toBe(held.length)
      memory.log.clear()
      expect(memory.references).toBe(0)
    }),
    { numRuns: 200, endOnFailure: true },
  )
})
