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

export interface ProbeMeasurement {
  /** Bits per second that went through: of sending or of arriving, the smaller one. */
  readonly rate: number
  /** The link was full: it carries no more. */
  readonly limited: boolean
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
  const sent = (8000 * (tally.bytes - tally.lastSentBytes)) / sendSpan
  const arrived = (8000 * (tally.bytes - tally.firstArrivedBytes)) / arrivalSpan
  if (arrived > fastestArrival * sent) return undefined
  return { rate: Math.min(sent, arrived), limited: arrived < full * sent }
}
