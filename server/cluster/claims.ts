import type { Logger } from 'pino'
import type { Registry, StreamDescription } from '#control/registry.ts'
import { messageOf } from '#core/errors.ts'
import { type StreamName, streamKey } from '#core/stream-name.ts'
import type { Publication } from '#relay/publication.ts'
import type { PeerEnd } from '#webrtc/peer.ts'
import { describePublication } from './description.ts'

export interface ClaimsOptions {
  /** Id of this node. */
  readonly node: string
  readonly registry: Registry
  readonly log: Logger
  /** Another node has a newer publisher of the stream: ours must go, its viewers stay. */
  lost(name: StreamName): void
}

/** One stream that was published here and is not over. */
interface Claim {
  readonly name: StreamName
  /** Undefined while its viewers wait for it to return. */
  publication: Publication | undefined
  /** Of the publisher's principal. */
  owner: string | undefined
  /** As the registry was told, in JSON. */
  described: string
  /** Calls of the registry that it has not answered. */
  pending: number
}

/**
 * Tells the registry what is published at this node. Whoever claims a stream later than another
 * node has it; the other hears of it and ends its publisher.
 */
export class Claims {
  readonly #options: ClaimsOptions
  readonly #claims = new Map<string, Claim>()
  readonly #unlisten: () => void
  #lost = 0

  constructor(options: ClaimsOptions) {
    this.#options = options
    this.#unlisten = options.registry.listen((event) => {
      if (event.kind === 'claim-lost') this.#lose(event.stream)
    })
  }

  /** Streams claimed. */
  get size(): number {
    return this.#claims.size
  }

  /** How often another node took a stream over. */
  get lost(): number {
    return this.#lost
  }

  /**
   * A publisher's media is about to come: a new epoch.
   *
   * @param owner id of its principal
   */
  published(name: StreamName, publication: Publication, owner?: string): void {
    const key = streamKey(name)
    const claim = this.#claims.get(key) ?? newClaim(name)
    claim.publication = publication
    claim.owner = owner
    this.#claims.set(key, claim)
    void this.#claim(key, claim, publication)
  }

  /** Whose the stream is that is published at another node now; undefined where it is free. */
  ownerElsewhere(name: StreamName): string | undefined {
    const { registry, node } = this.#options
    const record = registry.view.streams.get(streamKey(name))
    const isElsewhere = record?.active && record.origin !== node
    return isElsewhere && registry.view.nodes.has(record.origin)
      ? record.description.owner
      : undefined
  }

  /** A publisher's session is over. */
  ended(name: StreamName, end: PeerEnd, publication: Publication | undefined): void {
    const key = streamKey(name)
    const claim = this.#claims.get(key)
    if (!claim?.publication || claim.publication !== publication) return
    claim.publication = undefined
    // Whoever replaced it claims the stream anew in this very moment.
    if (end !== 'replaced') this.#options.registry.describe(key, { active: false })
  }

  /** Nobody waits for the stream any more. */
  expired(name: StreamName): void {
    const key = streamKey(name)
    if (this.#claims.delete(key)) this.#options.registry.release(key)
  }

  /** Tells what the packets have shown since; to be called every second. */
  look(): void {
    for (const [key, claim] of this.#claims) {
      if (!claim.publication || claim.pending > 0) continue
      const description = descriptionOf(claim, claim.publication)
      const described = JSON.stringify(description)
      if (described === claim.described) continue
      claim.described = described
      this.#options.registry.describe(key, { description })
    }
  }

  close(): void {
    this.#unlisten()
  }

  async #claim(key: string, claim: Claim, publication: Publication): Promise<void> {
    const { registry, node, log } = this.#options
    const description = descriptionOf(claim, publication)
    claim.described = JSON.stringify(description)
    claim.pending++
    try {
      const record = await registry.claim(key, description)
      publication.epoch = record.epoch
    } catch (error) {
      log.error({ stream: key, why: messageOf(error) }, 'stream not claimed: no other node has it')
      return
    } finally {
      claim.pending--
    }
    if (claim.pending > 0) return
    if (this.#claims.get(key) !== claim) {
      // Expired meanwhile, and nobody has published it since.
      if (!this.#claims.has(key)) registry.release(key)
      return
    }
    const present = registry.view.streams.get(key)
    if (present && present.origin !== node) this.#lose(key)
    else if (!claim.publication) registry.describe(key, { active: false })
  }

  #lose(key: string): void {
    const claim = this.#claims.get(key)
    // One that is being claimed anew may win again: who won is looked up when that is decided.
    if (!claim || claim.pending > 0) return
    this.#claims.delete(key)
    this.#lost++
    this.#options.log.info({ stream: key }, 'stream taken over by another node')
    if (claim.publication) this.#options.lost(claim.name)
  }
}

function newClaim(name: StreamName): Claim {
  return { name, publication: undefined, owner: undefined, described: '', pending: 0 }
}

function descriptionOf({ owner }: Claim, publication: Publication): StreamDescription {
  return { ...describePublication(publication), ...(owner !== undefined && { owner }) }
}
