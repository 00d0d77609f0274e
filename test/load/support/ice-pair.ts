import { type Endpoint, IceClient, type IceCredentials } from '#load/ice-client.ts'
import type { Path } from '#native/path.ts'
import { Link } from '#test/support/link.ts'
import { IceLite } from '#webrtc/ice-lite.ts'
import { parseStun } from '#webrtc/stun.ts'

const clientAt: Endpoint = { address: '192.0.2.1', port: 40_000 }
export const serverAt: Endpoint = { address: '203.0.113.5', port: 8189 }
export const credentials: IceCredentials = { ufrag: 'clnt', password: 'client-password-of-22+' }

const path: Path = {
  transport: 'udp',
  family: 4,
  remoteAddress: clientAt.address,
  remotePort: clientAt.port,
  localAddress: serverAt.address,
}

export interface IcePairOptions {
  /** One-way, in ms. */
  readonly delay?: number
  /** Datagrams that are lost, by their number on that way. */
  readonly dropUp?: readonly number[]
  readonly dropDown?: readonly number[]
  readonly candidates?: readonly Endpoint[]
}

/** A client and an ICE-lite server on a simulated network; time starts at 0. */
export class IcePair {
  readonly client: IceClient
  readonly server = new IceLite({ now: 0 })
  /** Every datagram of the client: when, and to which port. */
  readonly sent: { at: number; port: number }[] = []
  readonly #up: Link
  readonly #down: Link
  #now = 0

  constructor(options: IcePairOptions = {}) {
    const delay = options.delay ?? 20
    this.#up = new Link({ delay, drop: options.dropUp ?? [] })
    this.#down = new Link({ delay, drop: options.dropDown ?? [] })
    this.client = new IceClient(
      {
        local: credentials,
        remote: { ufrag: this.server.localUfrag, password: this.server.localPassword },
        candidates: options.candidates ?? [serverAt],
        random: () => 0.5,
        send: (datagram, to) => {
          this.sent.push({ at: this.#now, port: to.port })
          if (to.port === serverAt.port) this.#up.send(datagram, this.#now)
        },
      },
      0,
    )
  }

  /** Runs until `done`, or to the given ms; returns the time it then is. */
  run(until: number, done: () => boolean = () => false): number {
    for (; this.#now <= until && !done(); this.#now++) {
      if (this.client.nextTimeout <= this.#now) this.client.poll(this.#now)
      for (const datagram of this.#up.deliver(this.#now)) {
        const reaction = this.server.receive(parseStun(datagram)!, datagram, path, this.#now)
        if (reaction.kind === 'reply') this.#down.send(reaction.datagram, this.#now)
      }
      for (const datagram of this.#down.deliver(this.#now)) {
        this.client.receive(parseStun(datagram)!, datagram, serverAt, this.#now)
      }
    }
    return this.#now
  }
}
