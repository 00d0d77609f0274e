/** Why a handshake ended without keys. */
export type DtlsFailure =
  | 'unsupported-version'
  | 'no-common-cipher'
  | 'no-common-curve'
  | 'no-common-signature'
  | 'no-common-srtp-profile'
  | 'no-extended-master-secret'
  | 'illegal-parameter'
  | 'no-certificate'
  | 'fingerprint-mismatch'
  | 'unsupported-certificate'
  | 'bad-key-share'
  | 'bad-key-exchange-signature'
  | 'bad-certificate-verify'
  | 'bad-finished'
  | 'peer-alert'
  | 'timeout'

/** Alert descriptions (RFC 5246 §7.2) other than those of a failure. */
export const closeNotify = 0
export const noRenegotiation = 100

export const alertLevel = { warning: 1, fatal: 2 } as const

/** The alert that tells the peer (RFC 5246 §7.2.2); none where it knows, or is not there. */
export const alertOf: Record<DtlsFailure, number | undefined> = {
  'unsupported-version': 70,
  'no-common-cipher': 40,
  'no-common-curve': 40,
  'no-common-signature': 40,
  'no-common-srtp-profile': 40,
  'no-extended-master-secret': 40,
  'illegal-parameter': 47,
  'no-certificate': 40,
  'fingerprint-mismatch': 42,
  'unsupported-certificate': 43,
  'bad-key-share': 47,
  'bad-key-exchange-signature': 51,
  'bad-certificate-verify': 51,
  'bad-finished': 51,
  'peer-alert': undefined,
  timeout: undefined,
}
