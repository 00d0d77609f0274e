import { RateMeter } from '#rtp/rate-meter.ts'

/** In ms: as long as a meter looks back. */
const measuredAfter = 1000

/** What a layer carries, as it is made: copies come many times as fast, and are not counted. */
export class LayerMeter {
  readonly #bits = new RateMeter()
  readonly #frames = new RateMeter()
  /** Bits per second at another node. */
  #told: number | undefined
  /** Monotonic ms since which it comes as it is made. */
  #liveSince = Number.NEGATIVE_INFINITY

  /** @param bitrate bits per second, as another node has measured it */
  told(bitrate: number | undefined): void {
    this.#told = bitrate
  }

  /** Packets come by another way from now on. @param liveSince infinite while they are copies */
  begin(liveSince: number): void {
    this.#liveSince = liveSince
  }

  /** A packet came as it was made. @param endsFrame whether it is the last of its frame */
  add(bytes: number, endsFrame: boolean, now: number): void {
    this.#liveSince = Math.min(this.#liveSince, now)
    this.#bits.add(bytes, now)
    if (endsFrame) this.#frames.add(1, now)
  }

  /** @param comes whether it comes here now: else what another node has told counts */
  bitsPerSecond(now: number, comes: boolean): number {
    const isMeasured = comes && now - this.#liveSince >= measuredAfter
    return (isMeasured ? undefined : this.#told) ?? this.#bits.bitsPerSecond(now)
  }

  framesPerSecond(now: number): number {
    // The meter counts things as bytes and tells bits.
    return this.#frames.bitsPerSecond(now) / 8
  }
}
