import type { KvWatchEntry } from '@nats-io/kv'
import type { Revocation, RevokedThing, StoreChange } from '#control/store.ts'
import { readValue, thingOf } from './entry.ts'

/** Revocations that a node keeps in mind: somewhat more than all nodes together may add. */
const capacity = 110_000

/** What can be wrong with the keys and values of a bucket. */
export interface ViewFaults {
  /** Values that cannot be read: what their keys name is revoked for ever. */
  readonly brokenValues: number
  /** Keys that cannot be read, seen so far: nobody knows what they revoke. */
  readonly brokenKeys: number
}

/** What a node knows of a bucket. */
export class JetStreamView {
  #known = new Map<string, Revocation>()
  readonly #brokenValues = new Set<string>()
  #brokenKeys = 0
  /** While the bucket is read again: what it has, and what was taken back. */
  #found: Map<string, Revocation | RevokedThing> | undefined

  get faults(): ViewFaults {
    return { brokenValues: this.#brokenValues.size, brokenKeys: this.#brokenKeys }
  }

  revocations(): Revocation[] {
    return [...this.#known.values()].toSorted((a, b) => a.at - b.at)
  }

  /** The bucket is read from its beginning; until `complete`, nothing changes. */
  begin(): void {
    this.#found = new Map()
    this.#brokenKeys = 0
    this.#brokenValues.clear()
  }

  /** @returns the change, where there is one. @throws Error when there are more than fit */
  take({
    key,
    operation,
    value,
  }: Pick<KvWatchEntry, 'key' | 'operation' | 'value'>): StoreChange[] {
    const isMark = operation !== 'PUT'
    const thing = thingOf(key)
    if (thing !== undefined)
      return isMark ? this.#forget(key, thing) : this.#keep(key, thing, value)
    // One that was deleted is no longer in the way.
    if (!isMark) this.#brokenKeys++
    return []
  }

  #forget(key: string, thing: RevokedThing): StoreChange[] {
    this.#brokenValues.delete(key)
    if (this.#found === undefined) {
      return this.#known.delete(key) ? [{ kind: 'taken-back', thing }] : []
    }
    // Marks are never removed: only those that say something are kept in mind.
    if (this.#known.has(key)) this.#found.set(key, thing)
    else this.#found.delete(key)
    return []
  }

  #keep(key: string, thing: RevokedThing, value: Uint8Array): StoreChange[] {
    const { revocation, isBroken } = readValue(thing, value)
    const kept = this.#found ?? this.#known
    if (!kept.has(key) && kept.size >= capacity) throw tooMany()
    if (isBroken) this.#brokenValues.add(key)
    else this.#brokenValues.delete(key)
    kept.set(key, revocation)
    return this.#found ? [] : [{ kind: 'revoked', revocation }]
  }

  /**
   * The bucket was read as a whole. Only a mark takes a revocation back: one that is known here and
   * that the bucket has never heard of was lost there, and stays in force.
   */
  complete(): { readonly changes: StoreChange[]; readonly lost: Revocation[] } {
    const found = this.#found ?? new Map<string, Revocation | RevokedThing>()
    this.#found = undefined
    const changes: StoreChange[] = []
    const lost = [...this.#known].filter(([key]) => !found.has(key)).map(([, one]) => one)
    for (const [key, one] of found) {
      const before = this.#known.get(key)
      if (!('at' in one)) {
        if (this.#known.delete(key)) changes.push({ kind: 'taken-back', thing: one })
      } else if (before === undefined || !isSame(before, one)) {
        if (before === undefined && this.#known.size >= capacity) throw tooMany()
        this.#known.set(key, one)
        changes.push({ kind: 'revoked', revocation: one })
      }
    }
    return { changes, lost }
  }
}

function isSame(a: Revocation, b: Revocation): boolean {
  return a.at === b.at && a.until === b.until && a.reason === b.reason
}

function tooMany(): Error {
  return new Error(`there are more than ${capacity} revocations: take some back`)
}
