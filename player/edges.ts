/** By so much a round trip must be shorter than the present one, in ms, to go there. */
const worthMoving = 20
/** A server that takes longer to say that it is well counts as away, in ms. */
const patience = 1500
/** Requests measured per edge; the shortest counts, since only delay is ever added. */
const measured = 4

/**
 * The nodes that a page can watch at: the one that it came from, and, in a cluster, edges that this
 * one names. Nothing fails: who cannot be reached is not chosen.
 */
export class Edges {
  /** Origins; the page's own first. */
  #known: readonly string[] = [location.origin]
  #present = location.origin

  /** Origin to ask at. */
  get present(): string {
    return this.#present
  }

  get hasOthers(): boolean {
    return this.#known.length > 1
  }

  /** Asks the page's own node for edges. */
  async learn(): Promise<void> {
    try {
      const response = await fetch('/api/v1/edges', { cache: 'no-store' })
      const { edges } = (await response.json()) as { edges: readonly { origin: string }[] }
      this.#known = [...new Set([location.origin, ...edges.map(({ origin }) => origin)])]
    } catch {
      // A server of before there were clusters.
    }
  }

  moveTo(origin: string): void {
    this.#present = origin
  }

  /** Goes on to the next one, since the present one cannot be reached. */
  giveUp(): void {
    this.#present = this.after(this.#present)
  }

  /** The next one in turn. */
  after(origin: string): string {
    const next = this.#known.indexOf(origin) + 1
    return this.#known[next % this.#known.length]!
  }

  /** @returns the edge of the shortest round trip, where it is worth going there */
  async nearer(): Promise<string | undefined> {
    const origins = [...new Set([this.#present, ...this.#known])]
    const trips = await Promise.all(origins.map(roundTrip))
    const shortest = Math.min(...trips)
    if (trips[0]! - shortest <= worthMoving) return undefined
    return origins[trips.indexOf(shortest)]
  }
}

/** Whether a server answers. */
export async function isReachable(origin: string): Promise<boolean> {
  return (await answerTime(origin)) !== Number.POSITIVE_INFINITY
}

/** Ms; `Infinity` of one that does not answer. */
async function roundTrip(origin: string): Promise<number> {
  // The first one connects.
  let shortest = await answerTime(origin)
  for (let i = 0; i < measured && shortest !== Number.POSITIVE_INFINITY; i++) {
    shortest = Math.min(shortest, await answerTime(origin))
  }
  return shortest
}

async function answerTime(origin: string): Promise<number> {
  const startedAt = performance.now()
  try {
    const signal = AbortSignal.timeout(patience)
    const response = await fetch(`${origin}/healthz`, { cache: 'no-store', signal })
    await response.arrayBuffer()
    return performance.now() - startedAt
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
