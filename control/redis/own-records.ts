import { type CarrierRecord, registryBounds, type StreamRecord } from '#control/registry.ts'

/** One change of what this node tells, for Redis; `stream` is whose it is. */
export type OwnChange = { readonly stream: string } & (
  | { readonly kind: 'claim'; readonly claim: StreamRecord }
  | { readonly kind: 'ended'; readonly epoch: number }
  | { readonly kind: 'carrier'; readonly carrier: CarrierRecord }
  | { readonly kind: 'dropped' }
)

/**
 * What this node claims and carries, and what of that Redis has yet to hear. However often a
 * stream changes, it waits here once; while all is to be told anew, nothing waits.
 */
export class OwnRecords {
  readonly claims = new Map<string, StreamRecord>()
  readonly carriers = new Map<string, CarrierRecord>()
  /** By stream; with the epoch of a claim that is to be ended. */
  readonly #changedClaims = new Map<string, number>()
  readonly #changedCarriers = new Set<string>()
  #isStale = true

  /** Redis may have anything of it, or nothing: all is to be told anew. */
  get isStale(): boolean {
    return this.#isStale
  }

  markStale(): void {
    this.#isStale = true
    this.#changedClaims.clear()
    this.#changedCarriers.clear()
  }

  /** Redis has nothing of it: all that there is has changed. */
  startOver(): void {
    this.#isStale = false
    for (const stream of this.claims.keys()) this.markChanged(stream)
    for (const stream of this.carriers.keys()) this.#changedCarriers.add(stream)
  }

  /** A claim is to be told again. */
  markChanged(stream: string): void {
    const claim = this.claims.get(stream)
    if (claim && !this.#isStale) this.#changedClaims.set(stream, claim.epoch)
  }

  /** @throws RangeError past what one node may claim */
  checkRoom(stream: string): void {
    if (this.claims.has(stream) || this.claims.size < registryBounds.streams) return
    throw new RangeError(`a node claims at most ${registryBounds.streams} streams`)
  }

  putClaim(claim: StreamRecord): void {
    this.claims.set(claim.stream, claim)
    this.markChanged(claim.stream)
  }

  /** @returns the claim that has ended */
  endClaim(stream: string): StreamRecord | undefined {
    const claim = this.claims.get(stream)
    this.markChanged(stream)
    this.claims.delete(stream)
    return claim
  }

  /** @throws RangeError past what one node may carry */
  putCarrier(carrier: CarrierRecord): void {
    const { stream } = carrier
    if (!this.carriers.has(stream) && this.carriers.size >= registryBounds.carriedPerNode) {
      throw new RangeError(`a node carries at most ${registryBounds.carriedPerNode} streams`)
    }
    this.carriers.set(stream, carrier)
    if (!this.#isStale) this.#changedCarriers.add(stream)
  }

  dropCarrier(stream: string): void {
    if (this.carriers.delete(stream) && !this.#isStale) this.#changedCarriers.add(stream)
  }

  /** Of one kind, as one script takes them; empty when all is told. They count as told. */
  takeChanges(limit: number): OwnChange[] {
    const changes: OwnChange[] = []
    for (const change of this.#changes()) {
      if (changes.length === limit || (changes[0] && changes[0].kind !== change.kind)) break
      changes.push(change)
    }
    for (const { kind, stream } of changes) {
      const isOfClaims = kind === 'claim' || kind === 'ended'
      if (isOfClaims) this.#changedClaims.delete(stream)
      else this.#changedCarriers.delete(stream)
    }
    return changes
  }

  *#changes(): Generator<OwnChange> {
    for (const [stream, epoch] of this.#changedClaims) {
      const claim = this.claims.get(stream)
      yield claim ? { kind: 'claim', stream, claim } : { kind: 'ended', stream, epoch }
    }
    for (const stream of this.#changedCarriers) {
      const carrier = this.carriers.get(stream)
      yield carrier ? { kind: 'carrier', stream, carrier } : { kind: 'dropped', stream }
    }
  }
}
