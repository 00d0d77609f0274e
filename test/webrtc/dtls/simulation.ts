import type { Machine } from '#core/machine.ts'

/** A DTLS endpoint, ours or a rogue. */
export interface Endpoint extends Machine {
  start(now: number): void
  receive(datagram: Buffer, now: number): void
  takeDatagrams(): Buffer[]
}

/** When the copies of a datagram arrive, in ms after it was sent; none: it is lost. */
export type Fate = readonly number[]

export interface SimulationOptions {
  readonly client: Endpoint
  readonly server: Endpoint
  /** @param index counts the datagrams of one direction from 0 */
  readonly toServer?: (index: number, datagram: Buffer) => Fate
  readonly toClient?: (index: number, datagram: Buffer) => Fate
}

interface InFlight {
  readonly arrivesAt: number
  readonly to: Endpoint
  readonly datagram: Buffer
}

/** One way, in ms. */
export const delay = 20
const passes = (): Fate => [delay]

/** Two endpoints and the network between them, in simulated time. */
export class Simulation {
  readonly #options: Required<SimulationOptions>
  readonly #sent = { toServer: 0, toClient: 0 }
  #inFlight: InFlight[] = []
  /** Monotonic ms. */
  now = 0
  /** Everything sent, by either side, lost or not. */
  readonly datagrams = { toServer: [] as Buffer[], toClient: [] as Buffer[] }

  constructor(options: SimulationOptions) {
    this.#options = { toServer: passes, toClient: passes, ...options }
    options.server.start(0)
    options.client.start(0)
    this.#collect()
  }

  /** Lets time pass until the condition holds or nothing is left to happen. */
  runUntil(condition: () => boolean): void {
    while (!condition() && this.step());
  }

  /** Lets everything happen that is due until then. @param time monotonic ms */
  runTo(time: number): void {
    while (this.nextEvent <= time) this.step()
    this.now = time
  }

  run(): void {
    this.runUntil(() => false)
  }

  /** Goes to the next event; false where there is none. */
  step(): boolean {
    const at = this.nextEvent
    if (at === Number.POSITIVE_INFINITY) return false
    this.now = Math.max(this.now, at)
    const due = this.#inFlight.filter(({ arrivesAt }) => arrivesAt <= this.now)
    this.#inFlight = this.#inFlight.filter(({ arrivesAt }) => arrivesAt > this.now)
    for (const { to, datagram } of due.sort((a, b) => a.arrivesAt - b.arrivesAt)) {
      to.receive(datagram, this.now)
    }
    for (const endpoint of [this.#options.client, this.#options.server]) {
      if (endpoint.nextTimeout <= this.now) endpoint.poll(this.now)
    }
    this.#collect()
    return true
  }

  get nextEvent(): number {
    const { client, server } = this.#options
    const arrivals = this.#inFlight.map(({ arrivesAt }) => arrivesAt)
    return Math.min(client.nextTimeout, server.nextTimeout, ...arrivals)
  }

  /** Sends what the endpoints have to send, after a call from outside. */
  flush(): void {
    this.#collect()
  }

  #collect(): void {
    const { client, server } = this.#options
    this.#send('toServer', client.takeDatagrams(), server)
    this.#send('toClient', server.takeDatagrams(), client)
  }

  #send(way: 'toServer' | 'toClient', datagrams: readonly Buffer[], to: Endpoint): void {
    for (const datagram of datagrams) {
      this.datagrams[way].push(datagram)
      const fate = this.#options[way](this.#sent[way]++, datagram)
      for (const after of fate) {
        this.#inFlight.push({ arrivesAt: this.now + after, to, datagram })
      }
    }
  }
}
