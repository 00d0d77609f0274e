import type { NodeRecord } from '#control/node-record.ts'
import type { CarrierRecord } from '#control/registry.ts'

/** Ids by region. */
export type IdsByRegion = ReadonlyMap<string, ReadonlySet<string>>

/**
 * Where to look for nodes and carriers, so that a choice among thousands looks at the few that can
 * be chosen. It is told of each change, with what was known before.
 */
export class ClusterIndex {
  readonly #nodes = new IdSets()
  readonly #carriers = new IdSets()
  readonly #children = new IdSets()

  /** Of a role. */
  nodes(role: string): IdsByRegion {
    return this.#nodes.of(role)
  }

  /** Of a stream; without carriers of which nobody knows what node they are. */
  carriers(stream: string): IdsByRegion {
    return this.#carriers.of(stream)
  }

  /** Carriers of the stream whose parent it is, as they say. */
  children(stream: string, parent: string): ReadonlySet<string> {
    return this.#children.of(stream).get(parent) ?? none
  }

  /** @param carried streams that the node carries */
  changeNode(
    before: NodeRecord | undefined,
    after: NodeRecord | undefined,
    carried: Iterable<string>,
  ): void {
    for (const role of before?.roles ?? []) this.#nodes.delete(role, before!.region, before!.id)
    for (const role of after?.roles ?? []) this.#nodes.add(role, after!.region, after!.id)
    if (before?.region === after?.region) return
    for (const stream of carried) {
      if (before) this.#carriers.delete(stream, before.region, before.id)
      if (after) this.#carriers.add(stream, after.region, after.id)
    }
  }

  /** @param region of its node; undefined where the node is not known */
  changeCarrier(
    before: CarrierRecord | undefined,
    after: CarrierRecord | undefined,
    region: string | undefined,
  ): void {
    if (before) {
      const { stream, node, parent } = before
      if (parent !== undefined) this.#children.delete(stream, parent, node)
      if (!after && region !== undefined) this.#carriers.delete(stream, region, node)
    }
    if (after) {
      const { stream, node, parent } = after
      if (parent !== undefined) this.#children.add(stream, parent, node)
      if (region !== undefined) this.#carriers.add(stream, region, node)
    }
  }
}

const none: ReadonlySet<string> = new Set()
const nowhere: IdsByRegion = new Map()

/** Sets of ids under two keys; what is empty is not kept. */
class IdSets {
  readonly #sets = new Map<string, Map<string, Set<string>>>()

  of(first: string): IdsByRegion {
    return this.#sets.get(first) ?? nowhere
  }

  add(first: string, second: string, id: string): void {
    const under = this.#sets.get(first) ?? new Map<string, Set<string>>()
    this.#sets.set(first, under)
    under.set(second, (under.get(second) ?? new Set()).add(id))
  }

  delete(first: string, second: string, id: string): void {
    const under = this.#sets.get(first)
    const ids = under?.get(second)
    ids?.delete(id)
    if (ids?.size === 0) under!.delete(second)
    if (under?.size === 0) this.#sets.delete(first)
  }
}
