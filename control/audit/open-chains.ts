import type { KeyObject } from 'node:crypto'
import type { Clock } from '#core/clock.ts'
import { ChainFile } from './chain-file.ts'

export interface ChainsOptions {
  /** Holds a folder per chain. */
  readonly folder: string
  /** Ed25519, private. */
  readonly key: KeyObject
  readonly clock: Clock
  /** Told when a chain is not as it was left. */
  readonly failed: (why: string, chain: string) => void
  /** Bytes after which the next file of a chain begins. */
  readonly rotateAt?: number
}

/** A day of a busy node: some 60,000 records. */
const defaultRotateAt = 16 * 1024 * 1024
/** Files that are open at a time. */
const mostOpen = 64

/** The chains that were written to last: their files stay open. */
export class OpenChains {
  readonly #options: ChainsOptions
  /** In the order of last use. */
  readonly #open = new Map<string, ChainFile>()

  constructor(options: ChainsOptions) {
    this.#options = options
  }

  /** Whether a chain has records that its signed head does not have. */
  get headIsBehind(): boolean {
    return [...this.#open.values()].some((chain) => chain.headIsBehind)
  }

  /** A tenant's chain, opened if need be. @returns rejects when the disk does */
  async of(tenant: string): Promise<ChainFile> {
    const { folder, key, rotateAt = defaultRotateAt, clock } = this.#options
    const known = this.#open.get(tenant)
    this.#open.delete(tenant)
    const chain = known ?? (await ChainFile.open({ folder, tenant, key, rotateAt }))
    this.#open.set(tenant, chain)
    if (known) return chain
    await this.#recordDamage(chain, tenant)
    const [oldest] = this.#open
    if (this.#open.size > mostOpen && oldest) {
      await oldest[1].writeHead(clock.wall())
      await this.letGo(oldest[0])
    }
    return chain
  }

  /** Closes a tenant's chain; the next one who wants it reads it again. Never rejects. */
  async letGo(tenant: string): Promise<void> {
    const chain = this.#open.get(tenant)
    this.#open.delete(tenant)
    await chain?.close().catch(() => undefined)
  }

  /** @param failed told of each head that could not be written */
  async writeHeads(failed: (error: unknown, tenant: string) => void): Promise<void> {
    for (const [tenant, chain] of this.#open) {
      try {
        await chain.writeHead(this.#options.clock.wall())
      } catch (error) {
        failed(error, tenant)
      }
    }
  }

  async close(): Promise<void> {
    for (const tenant of this.#open.keys()) await this.letGo(tenant)
  }

  async #recordDamage(chain: ChainFile, tenant: string): Promise<void> {
    const { torn, cut } = chain.damage
    if (torn === undefined && cut === undefined) return
    const detail = { ...chain.damage }
    this.#options.failed(`a chain is not as it was left: ${JSON.stringify(detail)}`, tenant)
    const event = { tenant, actor: 'node', event: 'audit.damaged', target: tenant, detail }
    await chain.append([event], this.#options.clock.wall())
  }
}
