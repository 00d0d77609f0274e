import type { SrtpProfile } from '#native/srtp-keys.ts'
import type { DtlsCertificate } from './certificate.ts'
import type { DtlsFailure } from './failure.ts'
import type { Fingerprint } from './fingerprint.ts'
import type { Flight } from './flight.ts'
import type { HandshakeMessage } from './handshake-message.ts'
import type { KeySchedule } from './key-schedule.ts'

/** What both roles need to know. */
export interface HandshakeOptions {
  readonly certificate: DtlsCertificate
  readonly remoteFingerprints: readonly Fingerprint[]
  readonly srtpProfiles: readonly SrtpProfile[]
}

/** Agreed with a peer whose certificate and signature are verified. */
export interface Session {
  readonly schedule: KeySchedule
  readonly srtpProfile: SrtpProfile
}

/** What a message did to a handshake. */
export type Step =
  /** It does not parse, or does not belong here: the right one may still come. */
  { readonly kind: 'ignored' } | Refused | Accepted

export interface Refused {
  readonly kind: 'refused'
  readonly failure: DtlsFailure
}

export interface Accepted {
  readonly kind: 'accepted'
  /** Our answer, where the message ended a flight of the peer. */
  readonly flight?: Flight
  /** From now on epoch 1 can be read, and written. */
  readonly session?: Session
  /** Both sides' Finished are made, and the peer's is verified. */
  readonly finished?: true
}

/** One role's side of the conversation: whole messages in, answers out. It knows no time. */
export interface Handshake {
  /** The first flight, of the side that speaks first. */
  begin(): Flight | undefined

  /** @param message in sequence; its body is kept */
  receive(message: HandshakeMessage): Step

  /**
   * Goes back to where the peer's current flight began, after a message in it was refused.
   * Until a signature is verified anybody could have sent that message, and the peer repeats
   * its flight anyway.
   */
  rewind(): Rewound
}

export interface Rewound {
  /** Sequence number of the message to wait for. */
  readonly expect: number
  /** Replaces the flight that is being resent. */
  readonly flight?: Flight
}

export const ignored: Step = { kind: 'ignored' }
export const accepted: Step = { kind: 'accepted' }
export const refused = (failure: DtlsFailure): Step => ({ kind: 'refused', failure })
