/**
 * First outgoing indices lie below it, hence first sequence numbers below 2^15: so that a loss at
 * once cannot hide a wrap from a viewer that joins (RFC 3711 §3.3.1, SRTP-16).
 */
export const firstIndexBound = 0x4000
