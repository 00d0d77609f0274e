import type { Clock } from '#core/clock.ts'
import { ServiceError } from '#core/errors.ts'
import type { Principal } from './principal.ts'
import type { Revocation, RevokedThing, Store, StoreChange } from './store.ts'

/** Kept at a time: tens of megabytes at most. */
const capacity = 100_000

/** Tokens, keys and subjects that open nothing any more: in memory, and kept by a store. */
export class Revocations {
  readonly #store: Store
  readonly #clock: Clock
  readonly #byKey = new Map<string, Revocation>()
  /** Keys of new ones on their way to the store; each has its place already. */
  readonly #adding = new Set<string>()
  #listener: (() => void) | undefined

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
    for (const revocation of store.revocations()) this.#byKey.set(keyOf(revocation), revocation)
    store.listen((changes) => this.#take(changes))
  }

  /** Called when something is revoked that no `add` here answers for: by another node, mostly. */
  listen(listener: () => void): void {
    this.#listener = listener
  }

  get size(): number {
    return this.#byKey.size
  }

  /** @throws ServiceError `full`; Error when it may not be kept */
  async add(revocation: Revocation): Promise<void> {
    const key = keyOf(revocation)
    if (this.#isFullFor(key)) await this.#forget()
    if (this.#isFullFor(key)) {
      throw new ServiceError('full', `there are ${capacity} revocations: end some, or give "until"`)
    }
    this.#adding.add(key)
    try {
      await this.#store.putRevocation(revocation)
    } catch (error) {
      // It may be kept all the same, and in force here, with nobody to end its sessions.
      this.#listener?.()
      throw error
    } finally {
      this.#adding.delete(key)
    }
  }

  has(thing: RevokedThing): boolean {
    return this.#byKey.has(keyOf(thing))
  }

  /** @returns whether there was one */
  async delete(thing: RevokedThing): Promise<boolean> {
    if (!this.#byKey.has(keyOf(thing))) return false
    await this.#store.deleteRevocation(thing)
    return true
  }

  /** @param tenant only this one's */
  list(tenant?: string): Revocation[] {
    const all = [...this.#byKey.values()]
    return tenant === undefined ? all : all.filter((one) => one.tenant === tenant)
  }

  /** Whether somebody's token opens nothing any more. */
  revokes(principal: Principal): boolean {
    return namesOf(principal).some(({ kind, value }) =>
      [undefined, principal.tenant].some((tenant) => {
        const found = this.#byKey.get(keyOf({ kind, value, ...(tenant && { tenant }) }))
        return found !== undefined && covers(found, principal)
      }),
    )
  }

  // What the store tells is in force, over the bound too: others have it already.
  #take(changes: readonly StoreChange[]): void {
    let elsewhere = false
    for (const change of changes) {
      if (change.kind === 'taken-back') this.#byKey.delete(keyOf(change.thing))
      else {
        const key = keyOf(change.revocation)
        this.#byKey.set(key, change.revocation)
        if (!this.#adding.has(key)) elsewhere = true
      }
    }
    if (elsewhere) this.#listener?.()
  }

  #isFullFor(key: string): boolean {
    if (this.#byKey.has(key) || this.#adding.has(key)) return false
    return this.#byKey.size + this.#adding.size >= capacity
  }

  async #forget(): Promise<void> {
    const now = this.#clock.wall()
    for (const one of this.list()) if ((one.until ?? Infinity) <= now) await this.delete(one)
  }
}

// A subject may be let in again by a token that was issued later; one that does not say when it
// was issued might be the old one.
function covers({ kind, at }: Revocation, { issuedAt = 0 }: Principal): boolean {
  return kind !== 'subject' || issuedAt <= at
}

function namesOf({ id, tokenId, keyId, subject }: Principal): RevokedThing[] {
  const names: [RevokedThing['kind'], string | undefined][] = [
    ['key', id],
    ['key', keyId],
    ['token', tokenId],
    ['subject', subject],
  ]
  return names.flatMap(([kind, value]) => (value === undefined ? [] : [{ kind, value }]))
}

function keyOf({ kind, value, tenant }: RevokedThing): string {
  return JSON.stringify([kind, tenant, value])
}
