import type { NumberedPacket } from '#rtp/congestion/feedback-digest.ts'

/** Two seconds at a thousand packets a second. A power of two, to fit the 16-bit numbers. */
const size = 2048
/** Steps of time per ms, as the addon keeps them. */
const timeSteps = 256

/**
 * When the numbered packets of one transport left: one count for all its tracks
 * (transport-wide-cc-extensions-01 §2). Made for a peer's first numbered packet.
 */
export class TransportHistory {
  readonly #numbers = new Int32Array(size).fill(-1)
  readonly #sentAt = new Float64Array(size)
  readonly #bytes = new Uint16Array(size)
  readonly #clusters = new Uint8Array(size)
  #next = 0
  #cluster = 0
  #clusterBytes = 0

  /** @returns the transport-wide number of a packet that leaves now, 16 bits */
  next(now: number, bytes: number): number {
    const number = this.#next
    const at = number % size
    this.#numbers[at] = number
    this.#sentAt[at] = Math.floor(now * timeSteps) / timeSteps
    this.#bytes[at] = bytes
    this.#clusters[at] = this.#cluster
    this.#clusterBytes += bytes
    this.#next = (number + 1) & 0xffff
    return number
  }

  /** What feedback speaks of; undefined for numbers not given yet or more than 2047 behind. */
  find(number: number): NumberedPacket | undefined {
    const at = number % size
    if (this.#numbers[at] !== number) return undefined
    return { at: this.#sentAt[at]!, bytes: this.#bytes[at]!, cluster: this.#clusters[at]! }
  }

  /** The probe that packets leave in now, 1–15; 0 outside of any. */
  get cluster(): number {
    return this.#cluster
  }

  /** Bytes that have left in the probe that runs. */
  get clusterBytes(): number {
    return this.#clusterBytes
  }

  /** @param cluster of a probe that begins now, instead of any other */
  beginCluster(cluster: number): void {
    this.#cluster = cluster
    this.#clusterBytes = 0
  }

  /** Ends that probe, unless another one has taken its place. */
  endCluster(cluster: number): void {
    if (this.#cluster === cluster) this.#cluster = 0
  }
}
