import { randomBytes } from 'node:crypto'
import type { Machine } from '#core/machine.ts'
import { checkIntegrity, type StunMessage } from '#webrtc/stun.ts'
import { writeBindingError, writeBindingRequest, writeBindingSuccess } from '#webrtc/stun-writer.ts'

export interface IceCredentials {
  readonly ufrag: string
  readonly password: string
}

/** A transport address of the peer, numeric, IPv6 in its canonical form. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

export interface IceClientOptions {
  readonly local: IceCredentials
  readonly remote: IceCredentials
  /** Host candidates of the answer, best first. */
  readonly candidates: readonly Endpoint[]
  readonly send: (datagram: Buffer, to: Endpoint) => void
  /** In 0…1, to spread consent checks. */
  readonly random: () => number
}

/** `unreachable`: no check was ever answered. `revoked`: the peer said that it is over. */
export type IceFailure = 'unreachable' | 'consent-lost' | 'revoked'

/** Between any two first checks (RFC 8445 §14.2 allows 5 ms; browsers take their time). */
const pacing = 20
/** Waits for an answer in ms, by attempt: brisk, for under loss the picture waits for it. */
const retries = [50, 100, 200, 400, 500]
const connectTimeout = 10_000
/** RFC 7675 §5.1: every 5 s, spread by a fifth, and over after 30 s without an answer. */
const consentInterval = 5000
const consentTimeout = 30_000
const maxPairs = 16
const maxTransactions = 32
/** Peer-reflexive type preference 110, one address, component 1 (RFC 8445 §5.1.2). */
const checkPriority = 110 * 2 ** 24 + 65_535 * 2 ** 8 + 255

interface Pair extends Endpoint {
  attempts: number
  dueAt: number
}

interface Transaction {
  readonly pair: Pair
  readonly nominates: boolean
  readonly sentAt: number
}

/**
 * The full, controlling ICE agent of one client with one local address (RFC 8445): checks the
 * peer's candidates, takes the first that answers, nominates it, and keeps its consent fresh
 * (RFC 7675). Sans-IO: every `now` is monotonic ms.
 */
export class IceClient implements Machine {
  readonly #options: IceClientOptions
  readonly #pairs: Pair[]
  readonly #transactions = new Map<string, Transaction>()
  readonly #tieBreaker = randomBytes(8).readBigUInt64BE()
  readonly #startedAt: number
  #pacedUntil: number
  #selected: Pair | undefined
  #nominated = false
  #lastConsent = 0
  #roundTrip = 0
  #failure: IceFailure | undefined

  constructor(options: IceClientOptions, now: number) {
    this.#options = options
    this.#startedAt = now
    this.#pacedUntil = now
    this.#pairs = options.candidates
      .slice(0, maxPairs)
      .map((candidate) => ({ ...candidate, attempts: 0, dueAt: now }))
  }

  /** Where datagrams may go: the first address that answered a check. */
  get selected(): Endpoint | undefined {
    return this.#selected
  }

  /** Time from the newest check that was answered to its answer, in ms; 0 before the first. */
  get roundTrip(): number {
    return this.#roundTrip
  }

  /** Why it is over. */
  get failure(): IceFailure | undefined {
    return this.#failure
  }

  get nextTimeout(): number {
    if (this.#failure) return Number.POSITIVE_INFINITY
    if (this.#selected) {
      return Math.min(this.#selected.dueAt, this.#lastConsent + consentTimeout)
    }
    const nextCheck = this.#pairs.reduce(
      (earliest, { dueAt }) => Math.min(earliest, dueAt),
      Number.POSITIVE_INFINITY,
    )
    return Math.min(Math.max(nextCheck, this.#pacedUntil), this.#startedAt + connectTimeout)
  }

  poll(now: number): void {
    if (this.#failure) return
    if (this.#selected) this.#keep(this.#selected, now)
    else if (now - this.#startedAt >= connectTimeout) this.#failure = 'unreachable'
    else this.#checkNext(now)
  }

  /**
   * @param datagram the bytes that `message` was parsed from
   * @param from where they came from
   */
  receive(message: StunMessage, datagram: Buffer, from: Endpoint, now: number): void {
    if (this.#failure) return
    if (message.class === 'request') this.#answer(message, datagram, from, now)
    else if (message.class !== 'indication') this.#receiveResponse(message, datagram, from, now)
  }

  #checkNext(now: number): void {
    if (now < this.#pacedUntil) return
    const pair = this.#pairs.find(({ dueAt }) => dueAt <= now)
    if (!pair) return
    this.#check(pair, false, now)
    this.#pacedUntil = now + pacing
  }

  #keep(pair: Pair, now: number): void {
    if (now - this.#lastConsent >= consentTimeout) this.#failure = 'consent-lost'
    else if (pair.dueAt <= now) this.#check(pair, !this.#nominated, now)
  }

  #check(pair: Pair, useCandidate: boolean, now: number): void {
    const { local, remote, send, random } = this.#options
    const transactionId = randomBytes(12)
    this.#remember(transactionId, { pair, nominates: useCandidate, sentAt: now })
    const wait = retries[Math.min(pair.attempts, retries.length - 1)]!
    pair.attempts++
    pair.dueAt = now + (this.#nominated ? consentInterval * (0.8 + 0.4 * random()) : wait)
    const check = writeBindingRequest({
      transactionId,
      username: `${remote.ufrag}:${local.ufrag}`,
      password: remote.password,
      priority: checkPriority,
      tieBreaker: this.#tieBreaker,
      useCandidate,
    })
    send(check, pair)
  }

  #receiveResponse(message: StunMessage, datagram: Buffer, from: Endpoint, now: number): void {
    const key = message.transactionId.toString('latin1')
    const transaction = this.#transactions.get(key)
    // An answer from elsewhere proves nothing about the pair (RFC 8445 §7.2.5.2.1).
    if (!transaction || !isAt(transaction.pair, from)) return
    if (!checkIntegrity(datagram, message, this.#options.remote.password)) return
    this.#transactions.delete(key)
    if (message.class === 'error') {
      if (message.errorCode === 403) this.#failure = 'revoked'
      return
    }
    const { pair, nominates, sentAt } = transaction
    if (!this.#selected) this.#select(pair, now)
    if (pair !== this.#selected) return
    this.#lastConsent = now
    this.#roundTrip = now - sentAt
    if (nominates && !this.#nominated) {
      this.#nominated = true
      pair.dueAt = now + consentInterval
    }
  }

  // Regular nomination (RFC 8445 §8.1.1): a second check on the pair that has just proved itself.
  #select(pair: Pair, now: number): void {
    this.#selected = pair
    pair.attempts = 0
    this.#check(pair, true, now)
  }

  #answer(message: StunMessage, datagram: Buffer, from: Endpoint, now: number): void {
    const { local, send } = this.#options
    if (!message.username?.startsWith(`${local.ufrag}:`)) return
    if (!checkIntegrity(datagram, message, local.password)) return
    const { transactionId } = message
    const { password } = local
    if (message.controlling !== undefined) {
      // Who offers controls (RFC 8445 §6.1.1), and that is always us.
      send(writeBindingError({ transactionId, code: 487, password }), from)
      return
    }
    send(writeBindingSuccess({ transactionId, ...from, password }), from)
    if (!this.#pairs.some((pair) => isAt(pair, from)) && this.#pairs.length < maxPairs) {
      this.#pairs.push({ ...from, attempts: 0, dueAt: now })
    }
  }

  #remember(transactionId: Buffer, transaction: Transaction): void {
    if (this.#transactions.size === maxTransactions) {
      const [oldest] = this.#transactions.keys()
      this.#transactions.delete(oldest!)
    }
    this.#transactions.set(transactionId.toString('latin1'), transaction)
  }
}

function isAt(pair: Pair, { address, port }: Endpoint): boolean {
  return pair.port === port && pair.address === address
}
