import type { Head } from './head.ts'
import { type ChainEnd, chainStart, hashOf, readRecord } from './record.ts'

/**
 * Reads one chain from its first record on and finds the first that is not as it was written:
 * edited, missing, moved, of a fork (SEC-71). What is missing at the end shows by the heads.
 */
export class ChainVerifier {
  readonly #tenant: string
  readonly #heads: readonly Head[]
  #end: ChainEnd = chainStart

  /** @param heads of this chain; their signatures have been checked */
  constructor(tenant: string, heads: readonly Head[]) {
    this.#tenant = tenant
    this.#heads = heads
  }

  get end(): ChainEnd {
    return this.#end
  }

  /** Takes the next line. @returns what is wrong with it, if something is */
  take(line: string): string | undefined {
    const { seq, hash } = this.#end
    const record = readRecord(line)
    if (!record) return 'it is no record, or not in its canonical form'
    if (record.tenant !== this.#tenant) return `it is of the chain "${record.tenant}"`
    if (record.seq <= seq) return `it is record ${record.seq} a second time: moved, or a fork`
    if (record.seq > seq + 1) return `records ${seq + 1} to ${record.seq - 1} are missing`
    if (record.prev !== hash) return `record ${seq} before it is another than when it was written`
    this.#end = { seq: record.seq, hash: hashOf(line) }
    const head = this.#heads.find((one) => one.seq === record.seq)
    if (head && head.hash !== this.#end.hash) return 'it is another than the signed head says'
    return undefined
  }

  /** To be called after the last line. @returns what is wrong with the end, if something is */
  finish(): string | undefined {
    const { seq } = this.#end
    const last = Math.max(0, ...this.#heads.map((head) => head.seq))
    return last > seq
      ? `records ${seq + 1} to ${last} are cut off: a signed head has them`
      : undefined
  }
}
