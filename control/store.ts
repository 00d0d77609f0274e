/** Something that a token is known by, and that opens nothing any more. */
export interface Revocation {
  /** `token`: a `jti`. `key`: a `kid`, or the id of a static key. `subject`: a `sub`. */
  readonly kind: 'token' | 'key' | 'subject'
  readonly value: string
  /** Only this tenant's; absent: of every tenant. */
  readonly tenant?: string
  /** When it was revoked, in ms since the Unix epoch. A later token of a subject counts again. */
  readonly at: number
  /** When it may be forgotten, since such tokens have expired by then; absent: never. */
  readonly until?: number
  readonly reason?: string
}

/** What is revoked, without when and why. */
export type RevokedThing = Pick<Revocation, 'kind' | 'value' | 'tenant'>

/** What is different in a store, whichever node did it. */
export type StoreChange =
  | { readonly kind: 'revoked'; readonly revocation: Revocation }
  | { readonly kind: 'taken-back'; readonly thing: RevokedThing }

/** Hears changes in their order; several at once where a node was cut off for a while. */
export type StoreListener = (changes: readonly StoreChange[]) => void

/** What must not be lost (DESIGN §2). */
export interface Store {
  /** All that are known, the oldest first; complete from the start. */
  revocations(): Revocation[]
  /** Tells of every change from now on, those made here too. One listener; a second replaces it. */
  listen(listener: StoreListener): void
  /**
   * One of the same kind, value and tenant is replaced. Fulfilled when it is kept and the listener
   * has heard of it; rejected when it may not be kept.
   */
  putRevocation(revocation: Revocation): Promise<void>
  /** Fulfilled when it is gone and the listener knows; rejected when it may still be there. */
  deleteRevocation(thing: RevokedThing): Promise<void>
  close(): Promise<void> | void
}
