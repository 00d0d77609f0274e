import { randomBytes } from 'node:crypto'
import type { MessageOf } from '#control/messages.ts'
import { isLoopbackAddress } from '#core/loopback.ts'
import type { Path } from '#native/path.ts'
import { writeBindingRequest } from '#webrtc/stun-writer.ts'

type Welcome = MessageOf<'welcome'>

/** Of one address before the next is tried, in ms (docs/tree.md). */
const patience = 200
/** Between two checks until the parent is heard, and from then on, in ms. */
const eagerInterval = 20
const calmInterval = 500
/**
 * Every check is answered by SRTCP. Without a packet for so long, in ms, the way is tried anew, and
 * after the second time there is none: the control connection may live on where media does not.
 */
const doubtAfter = 1_200
const lostAfter = 3_000
/** One for each pair of theirs and ours; more than that is no node's doing. */
const mostPaths = 32
/** Of a host candidate, as good as any: there is one pair at a time (RFC 8445 §5.1.2). */
const priority = 2_130_706_431

/**
 * Finds the way to a parent's media port: one pair of addresses after the other is checked until a
 * packet of the parent passes authentication. Sans-IO; `now` is monotonic ms.
 */
export class MediaApproach {
  readonly #paths: readonly Path[]
  readonly #ice: Welcome['ice']
  readonly #tieBreaker = randomBytes(8).readBigUInt64BE()
  readonly #ufrag = randomBytes(6).toString('base64')
  #at = 0
  /** Checks sent; the parent heeds only a higher number than all before. */
  #nomination = 0
  #triedSince: number
  #checkedAt = Number.NEGATIVE_INFINITY
  #heard = false
  #heardAt: number

  /** @param ours the local addresses of our media port */
  constructor(welcome: Pick<Welcome, 'media' | 'ice'>, ours: readonly string[], now: number) {
    this.#ice = welcome.ice
    this.#paths = welcome.media
      .flatMap((theirs) => pathsTo(theirs, ours))
      .sort((a, b) => closeness(b) - closeness(a))
      .slice(0, mostPaths)
    this.#triedSince = now
    this.#heardAt = now
  }

  /** The pair in use or on trial; undefined where no two addresses fit. */
  get path(): Path | undefined {
    return this.#paths[this.#at]
  }

  /** A packet of the parent passed authentication. */
  hear(now: number): void {
    this.#heard = true
    this.#heardAt = now
  }

  /** Whether there is no way to the parent any more, or never was one. */
  isLost(now: number): boolean {
    return now - this.#heardAt >= lostAfter
  }

  get nextTimeout(): number {
    if (this.#paths.length === 0) return Number.POSITIVE_INFINITY
    return this.#checkedAt + (this.#heard ? calmInterval : eagerInterval)
  }

  /** @returns the check that is due, and whether it goes another way than the last */
  poll(now: number): { readonly check: Buffer; readonly moved: boolean } | undefined {
    if (now < this.nextTimeout) return undefined
    this.#checkedAt = now
    if (this.#heard && now - this.#heardAt >= doubtAfter) {
      this.#heard = false
      this.#triedSince = now
    }
    const moved = !this.#heard && this.#paths.length > 1 && now - this.#triedSince >= patience
    if (moved) {
      this.#at = (this.#at + 1) % this.#paths.length
      this.#triedSince = now
    }
    const { ufrag, password } = this.#ice
    const check = writeBindingRequest({
      transactionId: randomBytes(12),
      username: `${ufrag}:${this.#ufrag}`,
      password,
      priority,
      tieBreaker: this.#tieBreaker,
      useCandidate: true,
      // One that was overheard and is sent again, from elsewhere, moves nothing.
      nomination: ++this.#nomination,
    })
    return { check, moved }
  }
}

function pathsTo(theirs: Welcome['media'][number], ours: readonly string[]): Path[] {
  const family = familyOf(theirs.address)
  return ours
    .filter((address) => familyOf(address) === family)
    .filter((address) => isLoopbackAddress(address) === isLoopbackAddress(theirs.address))
    .map((localAddress) => ({
      transport: 'udp',
      family,
      remoteAddress: theirs.address,
      remotePort: theirs.port,
      localAddress,
    }))
}

/** Characters that both begin with: a cheap guess at which interface leads there. */
function closeness({ remoteAddress, localAddress }: Path): number {
  let same = 0
  while (same < remoteAddress.length && remoteAddress[same] === localAddress[same]) same++
  return same
}

function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4
}
