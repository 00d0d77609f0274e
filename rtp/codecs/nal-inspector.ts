import type { NalVisitor } from './nal-visitor.ts'
import { ParameterSets } from './parameter-sets.ts'
import type { PayloadInspector, StreamFacts } from './stream-facts.ts'

/** How a codec of NAL units differs from the other. */
export interface NalSyntax {
  /** Bytes of a NAL unit's header. */
  readonly headerSize: number
  /** NAL unit types of the parameter sets, in the order in which they go before a keyframe. */
  readonly parameterSets: readonly number[]
  readonly isKeyframe: (type: number) => boolean
  readonly visit: (bytes: Buffer, start: number, end: number, visit: NalVisitor) => boolean
  /** Reads a parameter set from behind its header; undefined if it makes no sense. */
  readonly readParameterSet: (
    type: number,
    bytes: Buffer,
    start: number,
    end: number,
  ) => ParameterSet | undefined
  /** Whether the slice behind this header is of a frame sent in another order than shown. */
  readonly isReordered: (type: number, bytes: Buffer, start: number, end: number) => boolean
}

export interface ParameterSet {
  readonly id: number
  readonly facts?: Partial<StreamFacts>
}

/** Facts of an H.264 or H.265 stream, from its parameter sets and slice headers. */
export class NalInspector implements PayloadInspector {
  readonly #syntax: NalSyntax
  readonly #facts: StreamFacts
  readonly #sets: ParameterSets
  #bytes: Buffer = Buffer.alloc(0)
  #timestamp = 0

  constructor(syntax: NalSyntax, facts: StreamFacts) {
    this.#syntax = syntax
    this.#facts = facts
    this.#sets = new ParameterSets(syntax.parameterSets)
  }

  inspect(bytes: Buffer, start: number, end: number, timestamp: number): void {
    this.#bytes = bytes
    this.#timestamp = timestamp
    this.#syntax.visit(bytes, start, end, this.#visit)
  }

  // A property, so that no closure is made per packet.
  readonly #visit: NalVisitor = (type, body, end, whole) => {
    if (this.#syntax.isKeyframe(type)) {
      this.#sets.keyframe(this.#timestamp)
      this.#facts.keyframeHasParameterSets = this.#sets.completeAtKeyframe
    } else if (this.#syntax.parameterSets.includes(type)) {
      if (whole) this.#parameterSet(type, body, end)
    } else if (!this.#facts.reordered) {
      this.#facts.reordered = this.#syntax.isReordered(type, this.#bytes, body, end)
    }
    return false
  }

  #parameterSet(type: number, body: number, end: number): void {
    const read = this.#syntax.readParameterSet(type, this.#bytes, body, end)
    if (!read) return
    const nal = this.#bytes.subarray(body - this.#syntax.headerSize, end)
    if (this.#sets.store(type, read.id, nal)) this.#facts.parameterSets = this.#sets.nals
    if (read.facts) {
      const reordered = this.#facts.reordered || (read.facts.reordered ?? false)
      Object.assign(this.#facts, read.facts, { reordered })
    }
    this.#sets.seen(type, this.#timestamp)
    // Those of the next keyframe come before it: until then the newest keyframe stands.
    if (this.#sets.completeAtKeyframe) this.#facts.keyframeHasParameterSets = true
  }
}
