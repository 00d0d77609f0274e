import { ReplayWindow } from '#native/replay-window.ts'
import type { RecordCipher } from './record-cipher.ts'
import type { DtlsRecord } from './records.ts'

/** A Finished that overtook its flight comes in one record; some for forged ones beside it. */
const maxEarly = 8
/** Records remembered (RFC 6347 §4.1.2.6): a peer that we talk to sends a handful. */
const windowSize = 64

/** Opens the records of epoch 1, each once. Those that come before the keys are kept. */
export class RecordReader {
  readonly #window = new ReplayWindow(windowSize)
  #cipher: RecordCipher | undefined
  #early: DtlsRecord[] = []

  /** The plaintext; `undefined` for what is not authentic, came before, or must wait. */
  open(record: DtlsRecord): Buffer | undefined {
    if (this.#cipher === undefined) {
      this.#keep(record)
      return undefined
    }
    if (!this.#window.isFresh(record.sequence)) return undefined
    const plaintext = this.#cipher.open(record)
    if (plaintext !== undefined) this.#window.accept(record.sequence)
    return plaintext
  }

  /** Gives back the records that waited for the keys, to be opened now. */
  unlock(cipher: RecordCipher): readonly DtlsRecord[] {
    this.#cipher = cipher
    const early = this.#early
    this.#early = []
    return early
  }

  // The oldest gives way: what it held comes again, if it was the peer's.
  #keep(record: DtlsRecord): void {
    if (this.#early.length === maxEarly) this.#early.shift()
    const { header, body } = record
    this.#early.push({ ...record, header: Buffer.from(header), body: Buffer.from(body) })
  }
}
