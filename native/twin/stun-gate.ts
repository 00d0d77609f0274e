import { createHmac, timingSafeEqual } from 'node:crypto'
import type { DropReason } from '#native/media-plane.ts'
import { Budget, type Rate } from './budget.ts'

const headerSize = 20
const longestMessage = 1280
const bindingRequest = 0x0001
const bindingSuccess = 0x0101
const magicCookie = 0x2112a442
const username = 0x0006
const messageIntegrity = 0x0008
const integritySize = 20

/** Of one session: a browser checks a pair every 50 ms, and repeats what is not answered. */
const checks: Rate = { perSecond: 25, burst: 100 }
/** Of one path: a handshake is ten datagrams, its repeats included thirty. */
const records: Rate = { perSecond: 50, burst: 100 }
/** Of all that have no keys yet: JavaScript takes 60 µs for a check. */
const strangers: Rate = { perSecond: 3000, burst: 6000 }
/** How long a path stays answered at least, in ms, unless there are too many of them. */
const answeredTime = 20_000
const maxPaths = 8192

interface Session {
  readonly password: string
  readonly checks: Budget
}

/**
 * Who of those that send STUN and DTLS is heard: those who know the password of a session, and
 * those whose check was answered (SEC-42, SEC-43). As `native/addon/stun-gate.h`. Every `now` is
 * monotonic ms; a path is told by any key that is its own.
 */
export class StunGate {
  readonly #sessions = new Map<string, Session>()
  #isOpen = true
  /** Paths answered lately, and those answered in the time before that. */
  #paths = new Map<string, Budget>()
  #pathsBefore = new Map<string, Budget>()
  #turnedAt = 0
  readonly #strangers = new Budget()

  /** Before the first session everybody is heard. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  expect(ufrag: string, password: string): void {
    this.#isOpen = false
    this.#sessions.set(ufrag, { password, checks: new Budget() })
  }

  forget(ufrag: string): void {
    this.#sessions.delete(ufrag)
  }

  /** What leaves for that path: DTLS is welcome from where a check is answered. */
  answering(datagram: Buffer, path: string, now: number): void {
    if (this.#isOpen || datagram.length < 2) return
    if (datagram.readUInt16BE(0) !== bindingSuccess) return
    if (now - this.#turnedAt > answeredTime || this.#paths.size >= maxPaths) {
      this.#pathsBefore = this.#paths
      this.#paths = new Map()
      this.#turnedAt = now
    }
    if (this.#paths.has(path)) return
    this.#paths.set(path, this.#pathsBefore.get(path) ?? new Budget())
  }

  /** @param known whether a peer with keys is on that path @returns undefined for the welcome */
  judgeStun(datagram: Buffer, known: boolean, now: number): DropReason | undefined {
    const check = readCheck(datagram)
    const session = check && this.#sessions.get(check.ufrag)
    if (!check || !session) return 'unknown-ufrag'
    if (!isAuthentic(datagram, check.integrityAt, session.password)) return 'bad-integrity'
    const isWelcome =
      session.checks.take(checks, now) && (known || this.#strangers.take(strangers, now))
    return isWelcome ? undefined : 'too-often'
  }

  /** @param ofPeer the budget of the peer with keys on that path, if there is one */
  judgeDtls(path: string, ofPeer: Budget | undefined, now: number): DropReason | undefined {
    const ofPath = ofPeer ?? this.#paths.get(path) ?? this.#pathsBefore.get(path)
    if (!ofPath) return 'unknown-path'
    const isWelcome =
      ofPath.take(records, now) && (ofPeer !== undefined || this.#strangers.take(strangers, now))
    return isWelcome ? undefined : 'too-often'
  }
}

interface Check {
  /** Ours: what stands before the colon of USERNAME. */
  readonly ufrag: string
  readonly integrityAt: number
}

function isRequest(datagram: Buffer): boolean {
  const { length } = datagram
  if (length < headerSize || length > longestMessage) return false
  if (datagram.readUInt16BE(0) !== bindingRequest) return false
  return (
    datagram.readUInt32BE(4) === magicCookie && headerSize + datagram.readUInt16BE(2) === length
  )
}

/** Reads what is needed of a binding request, and nothing behind its integrity. */
function readCheck(datagram: Buffer): Check | undefined {
  if (!isRequest(datagram)) return undefined
  const { length } = datagram
  let name: string | undefined
  for (let at = headerSize; at + 4 <= length; ) {
    const type = datagram.readUInt16BE(at)
    const size = datagram.readUInt16BE(at + 2)
    if (size > length - at - 4) return undefined
    if (type === username) {
      name ??= datagram.toString('latin1', at + 4, at + 4 + size)
    } else if (type === messageIntegrity) {
      const colon = name?.indexOf(':') ?? -1
      if (size !== integritySize || name === undefined || colon < 0) return undefined
      return { ufrag: name.slice(0, colon), integrityAt: at }
    }
    at += 4 + ((size + 3) & ~3)
  }
  return undefined
}

/** RFC 8489 §14.5: the length in the header is as if the message ended with its integrity. */
function isAuthentic(datagram: Buffer, integrityAt: number, password: string): boolean {
  const header = Buffer.from(datagram.subarray(0, headerSize))
  header.writeUInt16BE(integrityAt + 4 + integritySize - headerSize, 2)
  const expected = createHmac('sha1', password)
    .update(header)
    .update(datagram.subarray(headerSize, integrityAt))
    .digest()
  return timingSafeEqual(expected, datagram.subarray(integrityAt + 4, integrityAt + 24))
}
