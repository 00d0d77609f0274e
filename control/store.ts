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

/** What must not be lost (DESIGN §2). */
export interface Store {
  /** All of them, at the start. */
  revocations(): Revocation[]
  /** Kept when it returns; one of the same kind, value and tenant is replaced. @throws Error */
  putRevocation(revocation: Revocation): void
  /** @throws Error when it may still be there */
  deleteRevocation(revocation: Pick<Revocation, 'kind' | 'value' | 'tenant'>): void
  close(): void
}
