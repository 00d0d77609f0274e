import { type Path, pathKey } from '#native/path.ts'

/** A path that has proved itself by a valid check. */
export interface KnownPath {
  readonly path: Path
  /** Monotonic ms of its last valid check. */
  checkedAt: number
  /** Of the peer's candidate, as that check said. */
  priority: number
}

/** Ends of one peer that are remembered (ICE-56). */
const maxPaths = 8

/** The paths that a peer's checks have proved. */
export class KnownPaths {
  readonly #paths = new Map<string, KnownPath>()

  has(path: Path): boolean {
    return this.#paths.has(pathKey(path))
  }

  /**
   * A valid check has come; the one of eight others that was silent for longest is forgotten.
   * @param keep the path in use, which stays however old it is
   */
  learn(check: KnownPath, keep: KnownPath | undefined): KnownPath {
    const key = pathKey(check.path)
    const known = this.#paths.get(key) ?? check
    known.checkedAt = check.checkedAt
    known.priority = check.priority
    this.#paths.set(key, known)
    if (this.#paths.size > maxPaths) this.#forgetOldest([known, keep])
    return known
  }

  #forgetOldest(kept: readonly (KnownPath | undefined)[]): void {
    let oldest: KnownPath | undefined
    for (const known of this.#paths.values()) {
      if (kept.includes(known)) continue
      if (!oldest || known.checkedAt < oldest.checkedAt) oldest = known
    }
    if (oldest) this.#paths.delete(pathKey(oldest.path))
  }
}
