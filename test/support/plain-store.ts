import type { Revocation, RevokedThing, Store, StoreListener } from '#control/store.ts'

/** A store in memory, which may fail, and where others may write too: by `putRevocation`. */
export class PlainStore implements Store {
  readonly #kept: Revocation[]
  readonly #failure: Error | undefined
  #listener: StoreListener | undefined

  constructor(kept: readonly Revocation[] = [], failure?: Error) {
    this.#kept = [...kept]
    this.#failure = failure
  }

  revocations(): Revocation[] {
    return this.#kept
  }

  listen(listener: StoreListener): void {
    this.#listener = listener
  }

  async putRevocation(revocation: Revocation): Promise<void> {
    if (this.#failure) throw this.#failure
    this.#listener?.([{ kind: 'revoked', revocation }])
  }

  async deleteRevocation(thing: RevokedThing): Promise<void> {
    if (this.#failure) throw this.#failure
    this.#listener?.([{ kind: 'taken-back', thing }])
  }

  close(): void {}
}
