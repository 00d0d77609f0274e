import { SequenceUnwrapper } from '#rtp/sequence.ts'

/** A protected RTP packet as it left. */
export interface SentDatagram {
  readonly ssrc: number
  /** 48 bits, but for a constant. */
  readonly index: number
  readonly datagram: Buffer
  /** Whether the same packet had left before. */
  readonly repeated: boolean
}

/**
 * Watches protected packets leave one sender: under GCM no (SSRC, index) may ever stand for two
 * different packets (RFC 7714 §8.4). As nothing random goes into a protected packet, two
 * datagrams of one index are equal exactly when the packets in them are.
 */
export class NonceLedger {
  readonly #streams = new Map<number, { unwrapper: SequenceUnwrapper; seen: Map<number, Buffer> }>()

  /** @throws Error for a number used twice; the datagram is copied */
  record(borrowed: Buffer): SentDatagram {
    const datagram = Buffer.from(borrowed)
    const ssrc = datagram.readUInt32BE(8)
    const stream = this.#streams.get(ssrc) ?? {
      unwrapper: new SequenceUnwrapper(),
      seen: new Map<number, Buffer>(),
    }
    this.#streams.set(ssrc, stream)
    const index = stream.unwrapper.unwrap(datagram.readUInt16BE(2))
    const before = stream.seen.get(index)
    if (before && !before.equals(datagram)) {
      throw new Error(`SSRC ${ssrc} gave index ${index} to two packets`)
    }
    stream.seen.set(index, datagram)
    return { ssrc, index, datagram, repeated: before !== undefined }
  }
}
