import type { Machine } from '#core/machine.ts'
import type { SrtpKeys, SrtpProfile } from '#native/srtp-keys.ts'
import type { DtlsCertificate } from './certificate.ts'
import type { DtlsFailure } from './failure.ts'
import type { Fingerprint } from './fingerprint.ts'

export interface DtlsOptions {
  /** `client` speaks first (`a=setup:active` in our SDP), `server` waits (`passive`). */
  readonly role: 'client' | 'server'
  readonly certificate: DtlsCertificate
  /** What the peer's SDP announced: its certificate must match one of them. */
  readonly remoteFingerprints: readonly Fingerprint[]
  /** In order of preference; the server's order decides. */
  readonly srtpProfiles: readonly SrtpProfile[]
}

/** `new` until `start`; `closed` by either side; `failed` has a `failure`. */
export type DtlsState = 'new' | 'connecting' | 'connected' | 'closed' | 'failed'

/**
 * DTLS 1.2 for one peer (RFC 6347), only as far as WebRTC needs it: to agree on SRTP keys with
 * the holder of an announced certificate (RFC 5764, RFC 8827 §6.5), and to say goodbye.
 *
 * Sans-IO: `receive` takes datagrams, `takeDatagrams` gives what to send, after every call of
 * `start`, `receive`, `poll` and `close`. Every `now` is monotonic ms.
 */
export class DtlsTransport implements Machine {
  constructor(_options: DtlsOptions) {
    throw new Error('under construction')
  }

  /** Begins the handshake; a client's first flight is ready to send. */
  start(_now: number): void {}

  /** @param datagram borrowed; what is kept of it is copied */
  receive(_datagram: Buffer, _now: number): void {}

  poll(_now: number): void {}

  get nextTimeout(): number {
    return Number.POSITIVE_INFINITY
  }

  /** Datagrams to send now, in order; each is given out once. */
  takeDatagrams(): Buffer[] {
    return []
  }

  /** Sends a close_notify if connected; further calls do nothing. */
  close(_now: number): void {}

  get state(): DtlsState {
    return 'new'
  }

  /**
   * Keys for SRTP. As client they are there as soon as our own Finished has left, a round trip
   * before `connected` (early send); as server with `connected`. Gone after failure or close.
   */
  get keys(): SrtpKeys | undefined {
    return undefined
  }

  /** Why the state is `failed`. */
  get failure(): DtlsFailure | undefined {
    return undefined
  }

  /** Whether an authenticated close_notify or fatal alert has come. */
  get peerClosed(): boolean {
    return false
  }

  /** Flights sent more than once, by our timer or because the peer repeated its own. */
  get flightsResent(): number {
    return 0
  }

  /**
   * As client, once connected: whether the peer most likely got only a resent copy of our last
   * flight, and so could not decrypt what we sent before that (DESIGN §6.9).
   */
  get earlyMediaLost(): boolean {
    return false
  }
}
