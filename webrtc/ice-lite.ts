import { randomBytes } from 'node:crypto'
import { type Path, pathKey } from '#native/path.ts'
import { checkIntegrity, type StunMessage } from './stun.ts'
import { bindingMethod } from './stun-format.ts'
import { type StunErrorCode, writeBindingError, writeBindingSuccess } from './stun-writer.ts'

/** Why a message got no answer. None of them tells the sender anything. */
export type IceDropReason =
  | 'not-a-request'
  | 'no-fingerprint'
  | 'no-credentials'
  | 'unknown-ufrag'
  | 'bad-integrity'
  | 'bad-source'

export type IceReaction =
  | { readonly kind: 'drop'; readonly reason: IceDropReason }
  | {
      readonly kind: 'reply'
      /** To be sent on the path that the request came on. */
      readonly datagram: Buffer
      /** This request was the first to nominate the path that is now `selected`. */
      readonly nominated: boolean
      /** From now on DTLS and SRTP may come on this path. */
      readonly newPath: boolean
    }

export interface IceLiteOptions {
  /** Monotonic ms. */
  readonly now: number
  /** How long the first valid check may take, in ms: the client may never start. */
  readonly firstCheckTimeout?: number
  /** Silence after which consent is gone, in ms (RFC 7675 §5.1). */
  readonly consentTimeout?: number
}

interface KnownPath {
  readonly path: Path
  /** Monotonic ms of its last valid check. */
  checkedAt: number
  priority: number
}

const maxPaths = 8
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
 * Sans-IO. Every `now` is monotonic ms.
 */
export class IceLite {
  /** 72 random bits: it routes checks, so no two sessions may share one. */
  readonly localUfrag = randomBytes(9).toString('base64')
  /** 144 random bits. */
  readonly localPassword = randomBytes(18).toString('base64')
  readonly #paths = new Map<string, KnownPath>()
  readonly #consentTimeout: number
  #selected: KnownPath | undefined
  #nominated = false
  #nomination = 0
  /** A path with a lower priority than the selected one that has been nominated once. */
  #contender: KnownPath | undefined
  #deadline: number
  #revoked = false

  constructor({ now, firstCheckTimeout = 15_000, consentTimeout = 30_000 }: IceLiteOptions) {
    this.#consentTimeout = consentTimeout
    this.#deadline = now + firstCheckTimeout
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
    return this.#paths.has(pathKey(path))
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
    if (!this.#revoked && this.#selected) this.#deadline = now + this.#consentTimeout
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
    const reason = this.#doubt(message, datagram, path)
    if (reason) return { kind: 'drop', reason }
    const code = this.#objection(message)
    if (code) return this.#refuse(message, code)

    const newPath = !this.verified(path)
    const known = this.#learn(path, message.priority ?? 0, now)
    const nominated = this.#nominate(known, message)
    // Consent is for one path (RFC 7675 §4): checks from elsewhere must not keep us sending to an
    // address that has gone silent, or that was only named by a forged check.
    if (known === this.#selected || !this.#nominated) this.#deadline = now + this.#consentTimeout
    const datagramBack = writeBindingSuccess({
      transactionId: message.transactionId,
      address: path.remoteAddress,
      port: path.remotePort,
      password: this.localPassword,
    })
    return { kind: 'reply', datagram: datagramBack, nominated, newPath }
  }

  // In the order of their cost: at most one HMAC per datagram, and none for strangers.
  #doubt(message: StunMessage, datagram: Buffer, path: Path): IceDropReason | undefined {
    if (message.class !== 'request' || message.method !== bindingMethod) return 'not-a-request'
    if (path.remotePort === 0) return 'bad-source'
    if (!message.fingerprint) return 'no-fingerprint'
    if (message.username === undefined || message.integrityOffset === undefined) {
      return 'no-credentials'
    }
    if (!message.username.startsWith(`${this.localUfrag}:`)) return 'unknown-ufrag'
    if (!checkIntegrity(datagram, message, this.localPassword)) return 'bad-integrity'
    return undefined
  }

  // Only who holds the password gets to know what is wrong. A lite agent keeps its role, whatever
  // the tie-breakers (RFC 8445 §7.3.1.1). PRIORITY is not insisted on: ffmpeg 8 sends none.
  #objection(message: StunMessage): StunErrorCode | undefined {
    if (this.#revoked) return 403
    if (message.unknownRequired.length > 0) return 420
    if (message.controlled !== undefined) return 487
    return undefined
  }

  #refuse(message: StunMessage, code: StunErrorCode): IceReaction {
    const datagram = writeBindingError({
      transactionId: message.transactionId,
      code,
      password: this.localPassword,
      ...(code === 420 && { unknown: message.unknownRequired }),
    })
    return { kind: 'reply', datagram, nominated: false, newPath: false }
  }

  #learn(path: Path, priority: number, now: number): KnownPath {
    const key = pathKey(path)
    const known = this.#paths.get(key) ?? { path, checkedAt: now, priority }
    known.checkedAt = now
    known.priority = priority
    this.#paths.set(key, known)
    this.#selected ??= known
    if (this.#paths.size > maxPaths) this.#forgetOldest(known)
    return known
  }

  #forgetOldest(newest: KnownPath): void {
    let oldest: KnownPath | undefined
    for (const known of this.#paths.values()) {
      if (known === this.#selected || known === newest) continue
      if (!oldest || known.checkedAt < oldest.checkedAt) oldest = known
    }
    if (oldest) this.#paths.delete(pathKey(oldest.path))
  }

  #nominate(known: KnownPath, { useCandidate, nomination }: StunMessage): boolean {
    if (nomination !== undefined) {
      if (nomination <= this.#nomination) return false
      this.#nomination = nomination
    } else if (!useCandidate || !this.#prevails(known)) {
      return false
    }
    const changed = !this.#nominated || known !== this.#selected
    this.#selected = known
    this.#nominated = true
    this.#contender = undefined
    return changed
  }

  // An aggressive peer nominates several paths in turn and means the one with the highest priority
  // (RFC 5245 §8.1.1.2); a browser that changes its network nominates only the new one, whatever
  // its priority. So a lower one has to be nominated twice, with no word for the selected one
  // between, before it prevails.
  #prevails(known: KnownPath): boolean {
    const selected = this.#selected
    if (!this.#nominated || !selected || known.priority > selected.priority) return true
    if (known === selected || known === this.#contender) return true
    this.#contender = known
    return false
  }
}
