/** NTP timestamps as RTCP carries them: 32 bits of seconds, 32 of fraction (RFC 3550 §4). */

/** Seconds from the NTP epoch (1900) to the Unix epoch (1970). */
const unixEpoch = 2_208_988_800

const fractionsPerMs = 2 ** 32 / 1000

/** @param wall ms since the Unix epoch, fractions allowed */
export function ntpFromWall(wall: number): bigint {
  const seconds = Math.floor(wall / 1000)
  const fraction = Math.min(Math.round((wall - seconds * 1000) * fractionsPerMs), 2 ** 32 - 1)
  // NTP seconds wrap in 2036; what is kept is the number modulo 2^32, as on the wire.
  return (BigInt((seconds + unixEpoch) % 2 ** 32) << 32n) | BigInt(fraction)
}

/** @returns ms since the Unix epoch, good to a microsecond; times before 1968 mean after 2036 */
export function wallFromNtp(ntp: bigint): number {
  const seconds = Number(ntp >> 32n)
  const era = seconds < 2 ** 31 ? 2 ** 32 : 0
  return (seconds + era - unixEpoch) * 1000 + Number(ntp & 0xffffffffn) / fractionsPerMs
}

/** The middle 32 bits, in 1/65536 s: what a report block's LSR names (RFC 3550 §6.4.1). */
export function ntpMiddle(ntp: bigint): number {
  return Number((ntp >> 16n) & 0xffffffffn)
}

/**
 * Round trip told by a report block (RFC 3550 §6.4.1): arrival − LSR − DLSR.
 *
 * @param arrival middle 32 bits of the NTP time at which the report came, on the clock of our
 *   sender reports
 * @returns ms, at least 1 (clocks are coarse, and a negative answer is rounding);
 *   undefined while the peer has seen no sender report (`lastSenderReport` 0)
 */
export function roundTripOf(
  arrival: number,
  block: { readonly lastSenderReport: number; readonly delaySinceLastSenderReport: number },
): number | undefined {
  if (block.lastSenderReport === 0) return undefined
  const ticks = (arrival - block.lastSenderReport - block.delaySinceLastSenderReport) | 0
  return Math.max(1, (ticks * 1000) / 65536)
}
