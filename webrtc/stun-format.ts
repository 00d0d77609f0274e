// Numbers of RFC 8489 §18, RFC 8445 §20 and, from 0xC001 on, of deployed browsers.

export const headerSize = 20
export const magicCookie = 0x2112a442

/** Where the transaction id stands in the header. */
export const transactionIdOffset = 8

export const bindingMethod = 0x001

export const attributeType = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  realm: 0x0014,
  nonce: 0x0015,
  messageIntegritySha256: 0x001c,
  userhash: 0x001e,
  xorMappedAddress: 0x0020,
  priority: 0x0024,
  useCandidate: 0x0025,
  software: 0x8022,
  fingerprint: 0x8028,
  iceControlled: 0x8029,
  iceControlling: 0x802a,
  /** libwebrtc's renomination: the check with the highest number wins. */
  nomination: 0xc001,
} as const

/** Bytes of the value. */
export const integritySize = 20
export const fingerprintSize = 4

/** RFC 8489 §14.7: keeps a STUN fingerprint apart from a CRC-32 that the payload itself carries. */
export const fingerprintMask = 0x5354554e

export const familyNumber = { 4: 0x01, 6: 0x02 } as const

/** A value takes whole words; what follows it is ignored (RFC 8489 §14). */
export function padded(length: number): number {
  return (length + 3) & ~3
}

export type StunClass = 'request' | 'indication' | 'success' | 'error'

const classes: readonly StunClass[] = ['request', 'indication', 'success', 'error']

/** Takes the 14 bits of a message type apart (RFC 8489 §5, figure 3). */
export function splitType(type: number): { class: StunClass; method: number } {
  const index = ((type >> 4) & 0b01) | ((type >> 7) & 0b10)
  return {
    class: classes[index]!,
    method: (type & 0x000f) | ((type >> 1) & 0x0070) | ((type >> 2) & 0x0f80),
  }
}

/** Message type of a Binding message. */
export function bindingType(kind: StunClass): number {
  const index = classes.indexOf(kind)
  return bindingMethod | ((index & 0b01) << 4) | ((index & 0b10) << 7)
}
