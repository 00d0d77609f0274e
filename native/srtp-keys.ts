/**
 * SRTP protection profile ids of DTLS `use_srtp` (RFC 5764 §4.1.2, RFC 7714 §14.2):
 * 1 is AES128_CM_HMAC_SHA1_80, 7 is AEAD_AES_128_GCM.
 */
export type SrtpProfile = 1 | 7

/** One direction's master key (16 bytes) and master salt (14 bytes for CM, 12 for GCM). */
export interface SrtpMasterKey {
  readonly key: Buffer
  readonly salt: Buffer
}

/** What a DTLS handshake yields: `local` protects what we send, `remote` what the peer sends. */
export interface SrtpKeys {
  readonly profile: SrtpProfile
  readonly local: SrtpMasterKey
  readonly remote: SrtpMasterKey
}
