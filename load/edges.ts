import type { HttpClient } from './http-client.ts'

/** A node that takes longer to say that it is well counts as away, in ms: as for the page. */
const patience = 1500
/** For the list of edges: a viewer without it hears of nothing, and the page waits longer still. */
const longPatience = 10_000
/** As many as a node offers, and some. */
const mostEdges = 16

/**
 * The nodes that one viewer can watch at: the one of its URL, and edges that this one names
 * (`GET /api/v1/edges`). As `player/edges.ts`: nothing fails, who cannot be reached is not chosen.
 */
export class Edges {
  readonly #http: HttpClient
  readonly #endpoint: URL
  #known: readonly string[]
  #present: string

  /** @param endpoint the WHEP URL; its path and query are the same at every edge */
  constructor(http: HttpClient, endpoint: string) {
    this.#http = http
    this.#endpoint = new URL(endpoint)
    this.#known = [this.#endpoint.origin]
    this.#present = this.#endpoint.origin
  }

  /** Origin of the node to watch at. */
  get present(): string {
    return this.#present
  }

  /** Where to POST. */
  get endpoint(): string {
    return `${this.#present}${this.#endpoint.pathname}${this.#endpoint.search}`
  }

  /** Origin of the node of the URL, where a `reconnect` without an address leads. */
  get home(): string {
    return this.#endpoint.origin
  }

  get hasOthers(): boolean {
    return this.#known.length > 1
  }

  /** Asks the node of the URL for edges; a server that has none answers 404. */
  async learn(): Promise<void> {
    try {
      const body = await this.#get(`${this.home}/api/v1/edges`, longPatience)
      this.#known = [...new Set([this.home, ...originsIn(body)])].slice(0, mostEdges)
    } catch {
      // A server of another kind, or one that is away: then there is one edge.
    }
  }

  moveTo(origin: string): void {
    this.#present = origin
  }

  /** Goes on to the next one, since the present one cannot be reached. */
  giveUp(): void {
    const next = this.#known.indexOf(this.#present) + 1
    this.#present = this.#known[next % this.#known.length]!
  }

  /** Whether that node answers. */
  async isReachable(origin: string): Promise<boolean> {
    try {
      await this.#get(`${origin}/healthz`, patience)
      return true
    } catch {
      return false
    }
  }

  async #get(url: string, within: number): Promise<string> {
    const signal = AbortSignal.timeout(within)
    return (await this.#http.request({ method: 'GET', url, headers: {}, signal })).body
  }
}

function originsIn(body: string): string[] {
  const { edges } = JSON.parse(body) as { edges?: unknown }
  if (!Array.isArray(edges)) return []
  return edges.flatMap((edge: { origin?: unknown } | null) => {
    const origin = edge?.origin
    return typeof origin === 'string' && URL.canParse(origin) ? [new URL(origin).origin] : []
  })
}
