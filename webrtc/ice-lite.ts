import type { Path } from '#native/path.ts'
import { IceGeneration } from './ice-generation.ts'
import type { IceDropReason, IceReaction } from './ice-reaction.ts'
import { type KnownPath, KnownPaths } from './known-paths.ts'
import { checkIntegrity, type StunMessage } from './stun.ts'
import { bindingMethod } from './stun-format.ts'
import { type StunErrorCode, writeBindingError, writeBindingSuccess } from './stun-writer.ts'

export interface IceLiteOptions {
  /** Monotonic ms. */
  readonly now: number
  /** How long the first valid check may take, in ms: the client may never start. */
  readonly firstCheckTimeout?: number
  /** Silence after which consent is gone, in ms (RFC 7675 §5.1). */
  readonly consentTimeout?: number
}

/**
 * How long after a restart the credentials before it still count, in ms, should the peer nominate
 * nothing with the new ones (WHIP-94).
 */
const overlap = 10_000
/**
 * How long, in ms, the path in use must have had no check before one from another address may be
 * the same candidate behind a NAT that has forgotten it. While anything is undecided browsers check
 * each pair twice a second or more.
 */
const rebindSilence = 1000
/** How long an ended session says so: as long as a peer goes on by itself (RFC 7675 §5.2). */
const tombstoneTime = 30_000

/** The part of USERNAME that names the session on a shared port. */
export function routingUfrag({ username }: StunMessage): string | undefined {
  return username?.split(':', 1)[0]
}

/**
 * The controlled, lite side of ICE for one session (RFC 8445 §7.3, §8.2): answers checks, learns
 * the peer's addresses from them, and follows its nominations. It sends nothing by itself.
 *
 * A restart gives it new credentials. Until the peer has nominated a path with them, the ones
 * before count as well and media stays on the path that they selected (RFC 8445 §9).
 *
 * Sans-IO. Every `now` is monotonic ms.
 */
export class IceLite {
  #generation = new IceGeneration()
  /** Media is on its path while nothing has been nominated in the newest. */
  #previous: IceGeneration | undefined
  #restarted = false
  readonly #paths = new KnownPaths()
  readonly #firstCheckTimeout: number
  readonly #consentTimeout: number
  #selected: KnownPath | undefined
  #nominated = false
  /** A path with a lower priority than the selected one that has been nominated once. */
  #contender: KnownPath | undefined
  #deadline: number
  /** Monotonic ms until which the last proof of consent holds. */
  #consentUntil: number
  #revoked = false

  constructor({ now, firstCheckTimeout = 15_000, consentTimeout = 30_000 }: IceLiteOptions) {
    this.#firstCheckTimeout = firstCheckTimeout
    this.#consentTimeout = consentTimeout
    this.#consentUntil = now + firstCheckTimeout
    this.#deadline = this.#consentUntil
  }

  /** The time for the first valid check begins now: our side was told some time before. */
  expect(now: number): void {
    this.#consentUntil = now + this.#firstCheckTimeout
    this.#deadline = this.#consentUntil
  }

  /** Of the newest generation. It routes checks, so it must be one of a kind on its port. */
  get localUfrag(): string {
    return this.#generation.ufrag
  }

  get localPassword(): string {
    return this.#generation.password
  }

  /** Whether there has been more than one generation. */
  get restarted(): boolean {
    return this.#restarted
  }

  /** Whether checks count whose USERNAME names this ufrag of ours. */
  answersTo(ufrag: string, now: number): boolean {
    return this.#generationOf(`${ufrag}:`, now) !== undefined
  }

  /**
   * Begins another generation. The one before goes on until the peer nominates a path in the new
   * one, 10 s at most; of several restarts in a row the last counts, and the generation that was
   * in use before them.
   *
   * @param generation with a ufrag that nobody else has
   */
  restart(generation: IceGeneration, now: number): void {
    const previous = this.#previous && this.#previous.retiresAt > now ? this.#previous : undefined
    if (this.#generation.nominated || !previous) this.#previous = this.#generation
    this.#previous!.retiresAt = now + overlap
    this.#generation = generation
    this.#contender = undefined
    this.#restarted = true
    // A peer that asks for a restart is there, though its path may be gone: it gets the time to
    // find another, and no more than that however often it asks.
    const latest = this.#consentUntil + overlap
    this.#deadline = Math.max(this.#deadline, Math.min(now + overlap, latest))
  }

  /**
   * Where to send: the first path that proved itself, until the peer nominates one. Undefined
   * before the first valid check.
   */
  get selected(): Path | undefined {
    return this.#selected?.path
  }

  /** Whether the peer has nominated a path; until then `selected` is a guess. */
  get nominated(): boolean {
    return this.#nominated
  }

  /** Whether the path had a valid check: only then is DTLS or SRTP from it worth reading. */
  verified(path: Path): boolean {
    return this.#paths.has(path)
  }

  /** Monotonic ms at which the session expires unless something valid comes before. */
  get nextTimeout(): number {
    return this.#deadline
  }

  /** No consent any more: stop sending at once and forget the session. */
  expired(now: number): boolean {
    return now >= this.#deadline
  }

  /**
   * Media of the peer that passed authentication. It keeps a publisher alive whose checks have
   * ended; it says nothing about a viewer's wish to receive (RFC 7675 §5.1).
   */
  heard(now: number): void {
    if (!this.#revoked && this.#selected) this.#consent(now)
  }

  /**
   * Ends the session: valid checks are answered with 403 for 30 s, for peers that missed the
   * close_notify (RFC 7675 §5.2).
   */
  revoke(now: number): void {
    if (this.#revoked) return
    this.#revoked = true
    this.#deadline = now + tombstoneTime
  }

  /**
   * @param message parsed from `datagram`
   * @param path where it came from, and the address of ours that it came to
   */
  receive(message: StunMessage, datagram: Buffer, path: Path, now: number): IceReaction {
    const reason = this.#doubt(message, path)
    if (reason) return { kind: 'drop', reason }
    const generation = this.#generationOf(message.username!, now)
    if (!generation) return { kind: 'drop', reason: 'unknown-ufrag' }
    if (!checkIntegrity(datagram, message, generation.password)) {
      return { kind: 'drop', reason: 'bad-integrity' }
    }
    const code = this.#objection(message)
    if (code) return refuse(message, code, generation)

    const newPath = !this.verified(path)
    const check = { path, checkedAt: now, priority: message.priority ?? 0 }
    const known = this.#paths.learn(check, this.#selected)
    this.#selected ??= known
    const nominated = this.#nominate(known, message, generation)
    // Consent is for one path (RFC 7675 §4): checks from elsewhere must not keep us sending to an
    // address that has gone silent, or that was only named by a forged check.
    if (known === this.#selected || !this.#nominated) this.#consent(now)
    const datagramBack = writeBindingSuccess({
      transactionId: message.transactionId,
      address: path.remoteAddress,
      port: path.remotePort,
      password: generation.password,
    })
    return { kind: 'reply', datagram: datagramBack, nominated, newPath }
  }

  // In the order of their cost: at most one HMAC per datagram, and none for strangers.
  #doubt(message: StunMessage, path: Path): IceDropReason | undefined {
    if (message.class !== 'request' || message.method !== bindingMethod) return 'not-a-request'
    if (path.remotePort === 0) return 'bad-source'
    if (!message.fingerprint) return 'no-fingerprint'
    if (message.username === undefined || message.integrityOffset === undefined) {
      return 'no-credentials'
    }
    return undefined
  }

  // An ended session says 403 in all of its generations that had not retired.
  #generationOf(username: string, now: number): IceGeneration | undefined {
    if (username.startsWith(`${this.#generation.ufrag}:`)) return this.#generation
    const previous = this.#previous
    if (!previous || !username.startsWith(`${previous.ufrag}:`)) return undefined
    return this.#revoked || now < previous.retiresAt ? previous : undefined
  }

  // Only who holds the password gets to know what is wrong. A lite agent keeps its role, whatever
  // the tie-breakers (RFC 8445 §7.3.1.1). PRIORITY is not insisted on: ffmpeg 8 sends none.
  #objection(message: StunMessage): StunErrorCode | undefined {
    if (this.#revoked) return 403
    if (message.unknownRequired.length > 0) return 420
    if (message.controlled !== undefined) return 487
    return undefined
  }

  #consent(now: number): void {
    this.#consentUntil = now + this.#consentTimeout
    this.#deadline = this.#consentUntil
  }

  #nominate(known: KnownPath, message: StunMessage, generation: IceGeneration): boolean {
    const { useCandidate, nomination } = message
    if (nomination !== undefined) {
      if (nomination <= generation.nomination) return false
      generation.nomination = nomination
    } else if (!useCandidate || !this.#prevails(known, generation)) {
      return false
    }
    const changed = !generation.nominated || known !== this.#selected
    this.#selected = known
    this.#nominated = true
    generation.nominated = true
    this.#contender = undefined
    if (generation === this.#generation) this.#previous = undefined
    return changed
  }

  // An aggressive peer nominates several paths in turn and means the one with the highest priority
  // (RFC 5245 §8.1.1.2); a browser that changes its network nominates only the new one, whatever
  // its priority. So a lower one has to be nominated twice, with no word for the selected one
  // between, before it prevails.
  #prevails(known: KnownPath, generation: IceGeneration): boolean {
    const selected = this.#selected
    if (!generation.nominated || !selected || known.priority > selected.priority) return true
    if (known === selected || known === this.#contender) return true
    if (isRebound(known, selected)) return true
    this.#contender = known
    return false
  }
}

// A peer's candidates differ in priority (RFC 8445 §5.1.2.1), so the same one, to the same address
// of ours, is the pair that was nominated before. Its first check is enough then: between two lie
// seconds without a picture.
function isRebound(known: KnownPath, selected: KnownPath): boolean {
  return (
    known.priority === selected.priority &&
    known.path.transport === selected.path.transport &&
    known.path.localAddress === selected.path.localAddress &&
    known.checkedAt - selected.checkedAt >= rebindSilence
  )
}

function refuse(
  message: StunMessage,
  code: StunErrorCode,
  { password }: IceGeneration,
): IceReaction {
  const datagram = writeBindingError({
    transactionId: message.transactionId,
    code,
    password,
    ...(code === 420 && { unknown: message.unknownRequired }),
  })
  return { kind: 'reply', datagram, nominated: false, newPath: false }
}
