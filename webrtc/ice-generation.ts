import { randomBytes } from 'node:crypto'

/** Credentials of one side (RFC 8445 §5.3). */
export interface IceCredentials {
  readonly ufrag: string
  readonly password: string
}

/**
 * Our side of one ICE session between two restarts: its credentials, and what the peer nominated
 * with them (RFC 8445 §9).
 */
export class IceGeneration implements IceCredentials {
  /** 72 random bits: it routes checks, so no two generations of a node may share one. */
  readonly ufrag = randomBytes(9).toString('base64')
  /** 144 random bits. */
  readonly password = randomBytes(18).toString('base64')
  /** Whether the peer has nominated a path. */
  nominated = false
  /** The highest NOMINATION so far (draft-thatcher-ice-renomination). */
  nomination = 0
  /** Monotonic ms from which its checks are not answered any more. */
  retiresAt = Number.POSITIVE_INFINITY
}
