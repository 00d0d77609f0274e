import type { ProbeTally } from './feedback-digest.ts'

/** Of the bytes asked for, and of the least packets, that must have arrived (BWE-57). */
const enough = 0.8
/** Packets of the smallest probe (BWE-56). */
export const leastPackets = 5
/** Ms within which a probe leaves and arrives. */
const longestSpan = 1000
/** Times the rate of sending: faster arrivals were held up together on the way. */
const fastestArrival = 2
/** Arriving at less than this part of the rate of sending, the link was full (BWE-58). */
const full = 0.9
/** Over this part, a bucket may have just run dry: what it passed is most of the measured rate. */
const slight = 0.75
/** Ms that arrivals may be off by themselves, which matters to the short ones. */
const unrest = 3

export interface ProbeMeasurement {
  /** Bits per second that went through: of sending or of arriving, the smaller one. */
  readonly rate: number
  /** The link was full: it carries no more. */
  readonly limited: boolean
  /** It was, by so little that a longer probe should tell. */
  readonly slightly: boolean
  /** What arrived, and in how many ms. */
  readonly bytes: number
  readonly span: number
}

/**
 * What a probe says of the link (BWE-57, 58); undefined while too little has arrived.
 *
 * @param asked bytes of the probe
 */
export function measureProbe(tally: ProbeTally, asked: number): ProbeMeasurement | undefined {
  if (tally.packets < enough * leastPackets || tally.bytes < enough * asked) return undefined
  const sendSpan = tally.lastSentAt - tally.firstSentAt
  const arrivalSpan = tally.lastArrivedAt - tally.firstArrivedAt
  if (!(sendSpan > 0 && sendSpan <= longestSpan)) return undefined
  if (!(arrivalSpan > 0 && arrivalSpan <= longestSpan)) return undefined
  const bytes = tally.bytes - tally.firstArrivedBytes
  const sent = (8000 * (tally.bytes - tally.lastSentBytes)) / sendSpan
  const arrived = (8000 * bytes) / arrivalSpan
  if (arrived > fastestArrival * sent) return undefined
  const limited = full * (arrivalSpan - unrest) > sendSpan
  const slightly = limited && arrived > slight * sent
  return { rate: Math.min(sent, arrived), limited, slightly, bytes, span: arrivalSpan }
}

/**
 * What a full link carries, from a probe that it limited and a shorter one at the same rate that
 * it did not: a token bucket passed as much of both at once, so their difference tells. Bits per
 * second.
 */
export function rateBetween(shorter: ProbeMeasurement, longer: ProbeMeasurement): number {
  const span = longer.span - shorter.span
  const bytes = longer.bytes - shorter.bytes
  return span > 0 && bytes > 0 ? Math.min(longer.rate, (8000 * bytes) / span) : longer.rate
}
