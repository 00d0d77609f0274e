import { leastPackets } from './probe-measurement.ts'

const packetBytes = 1200

/**
 * Ms of the first and the most of the last probe for a goal, and times the bytes of the one before.
 * A token bucket or an aggregating radio passes the first kilobytes at any rate: the goal counts
 * only once a probe that outlasts them got through, and the shorter ones before it spare a slow
 * link that.
 */
const shortest = 15
const longest = 200
const greatestGrowth = 2
/** Less will do where it is thrice what a large bucket holds, in bytes, and so many ms. */
const severalBuckets = 60_000
const sureAfter = 150

/** Bytes of the last probe for a goal, in bits per second (BWE-56). */
export function lastSize(goal: number): number {
  const most = Math.ceil((goal * longest) / 8000)
  const sure = Math.max(Math.ceil((goal * sureAfter) / 8000), severalBuckets)
  return Math.max(leastPackets * packetBytes, Math.min(most, sure))
}

/** @param before bytes of the probe before, 0 for the first */
export function nextSize(goal: number, before: number): number {
  const first = Math.max(leastPackets * packetBytes, Math.ceil((goal * shortest) / 8000))
  const last = lastSize(goal)
  if (before < first) return first
  const steps = Math.max(1, Math.ceil(Math.log(last / first) / Math.log(greatestGrowth)))
  return Math.min(Math.ceil(before * (last / first) ** (1 / steps)), last)
}

/** Bytes of all probes for a goal. */
export function wholeLadder(goal: number): number {
  let sum = 0
  for (let size = 0; size < lastSize(goal); sum += size) size = nextSize(goal, size)
  return sum
}
