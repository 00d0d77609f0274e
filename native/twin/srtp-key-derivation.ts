import { createCipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import type { SrtpMasterKey, SrtpProfile } from '#native/srtp-keys.ts'

/** Session keys of one direction for RTP or for RTCP (RFC 3711 §4.3.1). */
export interface SessionKeys {
  readonly cipherKey: KeyObject
  /** 14 bytes for CM, 12 for GCM. */
  readonly salt: Buffer
  /** Only CM authenticates with a key of its own: 20 bytes. */
  readonly authenticationKey: KeyObject | undefined
}

/** Labels of RFC 3711 §4.3.2. */
const labels = {
  rtp: { cipher: 0, authentication: 1, salt: 2 },
  rtcp: { cipher: 3, authentication: 4, salt: 5 },
}

/** The key derivation of RFC 3711 §4.3.1 with a derivation rate of zero: AES-CM over the salt. */
export function deriveBytes({ key, salt }: SrtpMasterKey, label: number, length: number): Buffer {
  const counter = Buffer.alloc(16)
  salt.copy(counter)
  counter[7]! ^= label
  return createCipheriv('aes-128-ctr', key, counter).update(Buffer.alloc(length))
}

export function deriveSessionKeys(
  profile: SrtpProfile,
  master: SrtpMasterKey,
  protocol: 'rtp' | 'rtcp',
): SessionKeys {
  const label = labels[protocol]
  const counterMode = profile === 1
  return {
    cipherKey: createSecretKey(deriveBytes(master, label.cipher, 16)),
    salt: deriveBytes(master, label.salt, counterMode ? 14 : 12),
    authenticationKey: counterMode
      ? createSecretKey(deriveBytes(master, label.authentication, 20))
      : undefined,
  }
}
