import { networkOf } from '#core/network.ts'

/** Connections at a time. */
const maxConnections = 8192
/** Of one IPv4 address, or of one /64 of IPv6. A school or an office may stand behind it. */
const maxPerAddress = 512
/** Those that nobody has vouched for yet. */
const maxUnproved = 512
const maxUnprovedPerAddress = 64

interface Count {
  all: number
  unproved: number
}

/** Who may stay connected: counts by address, and who has not proved to be a peer's. */
export class TcpGuests<Guest extends { readonly address: string }> {
  readonly #byNetwork = new Map<string, Count>()
  /** The oldest first. */
  readonly #unproved = new Set<Guest>()
  #size = 0

  /** Whether one more from there may come, after `oldestUnproved` had to go. */
  welcomes(address: string): boolean {
    if (this.#size >= maxConnections) return false
    const count = this.#byNetwork.get(networkOf(address))
    return !count || (count.all < maxPerAddress && count.unproved < maxUnprovedPerAddress)
  }

  /** Who has to go before one more comes: it had its time. */
  get oldestUnproved(): Guest | undefined {
    if (this.#unproved.size < maxUnproved) return undefined
    const [oldest] = this.#unproved
    return oldest
  }

  enter(guest: Guest): void {
    const network = networkOf(guest.address)
    const count = this.#byNetwork.get(network) ?? { all: 0, unproved: 0 }
    this.#byNetwork.set(network, count)
    count.all++
    count.unproved++
    this.#size++
    this.#unproved.add(guest)
  }

  /** A peer's check was answered there. */
  prove(guest: Guest): void {
    if (this.#unproved.delete(guest)) this.#byNetwork.get(networkOf(guest.address))!.unproved--
  }

  isProved(guest: Guest): boolean {
    return !this.#unproved.has(guest)
  }

  /** Once for each that entered. */
  leave(guest: Guest): void {
    this.prove(guest)
    const network = networkOf(guest.address)
    const count = this.#byNetwork.get(network)!
    if (--count.all === 0) this.#byNetwork.delete(network)
    this.#size--
  }
}
