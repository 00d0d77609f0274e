import type { ClusterView } from '#control/registry.ts'
import { chooseBetter, chooseParents, chooseStandby } from '#control/topology/parents.ts'
import { heightOf, refusesPath } from '#control/topology/tree.ts'

/** Who can be the parent of this node for one stream, by what the registry knows now. */
export class Candidates {
  readonly #view: ClusterView
  readonly #stream: string
  readonly #node: string

  constructor(view: ClusterView, stream: string, node: string) {
    this.#view = view
    this.#stream = stream
    this.#node = node
  }

  /** The best one. */
  parent(avoid: ReadonlySet<string>): string | undefined {
    const question = { stream: this.#stream, node: this.#node, avoid, most: 1 }
    return chooseParents(this.#view, question)[0]
  }

  /** Who could take the parent's place. */
  standby(parent: string): string | undefined {
    const question = { stream: this.#stream, node: this.#node, avoid: new Set([parent]) }
    return chooseStandby(this.#view, question, parent)
  }

  /** Somebody whom the topology prefers to the parent by far. */
  better(parent: string): string | undefined {
    return chooseBetter(this.#view, { stream: this.#stream, node: this.#node }, parent)
  }

  /** Whether that node may be asked: an edge that has the stream is no relay for that. */
  mayGive(node: string): boolean {
    return this.isOrigin(node) || this.#view.nodes.get(node)?.roles.includes('relay') === true
  }

  /**
   * @param path from the origin down to the parent
   * @param lost a node that is gone: who gets the stream through it is about to lose it too
   */
  mayStandBelow(path: readonly string[], lost: string | undefined): boolean {
    const node = this.#node
    const height = heightOf(this.#view, this.#stream, node)
    return refusesPath({ node, path, height, lost }) === undefined
  }

  isOrigin(node: string): boolean {
    return this.#view.streams.get(this.#stream)?.origin === node
  }
}
