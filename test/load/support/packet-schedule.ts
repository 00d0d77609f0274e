import fc from 'fast-check'
import type { ViewFormats } from '#load/view-formats.ts'
import { buildRtp } from '#rtp/packet.ts'

export const formats: ViewFormats = {
  byPayloadType: new Map([
    [111, { kind: 'audio', clockRate: 48_000 }],
    [102, { kind: 'video', clockRate: 90_000, codec: 'H264' }],
    [103, { kind: 'rtx', of: 102 }],
  ]),
  hasVideo: true,
  transportCcId: 3,
}

export const video = { ssrc: 2000, payloadType: 102 }
export const audio = { ssrc: 3000, payloadType: 111 }
export const frameTicks = 3000

/** What becomes of one packet of a stream on its way. */
interface Fate {
  readonly lost: boolean
  /** How many packets overtake it. */
  readonly overtaken: number
  readonly twice: boolean
}

/** A stream of video: its frames by their number of packets, and the fates of these packets. */
export interface Schedule {
  readonly firstSequence: number
  readonly frames: readonly number[]
  readonly fates: readonly Fate[]
}

/** One packet of a schedule as it arrives. */
export interface Scheduled {
  /** Place in the stream, from 0. */
  readonly index: number
  readonly sequenceNumber: number
  readonly timestamp: number
  readonly marker: boolean
}

const fate = fc.record({
  lost: fc.boolean(),
  overtaken: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 6 })),
  twice: fc.oneof({ weight: 8, arbitrary: fc.constant(false) }, fc.constant(true)),
})
const fine: Fate = { lost: false, overtaken: 0, twice: false }
const someFate = fc.oneof({ weight: 12, arbitrary: fc.constant(fine) }, fate)

export const schedule: fc.Arbitrary<Schedule> = fc
  .record({
    firstSequence: fc.integer({ min: 0, max: 0xffff }),
    frames: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 2, maxLength: 40 }),
  })
  .chain(({ firstSequence, frames }) => {
    const count = frames.reduce((sum, packets) => sum + packets, 0)
    return fc.array(someFate, { minLength: count, maxLength: count }).map((fates) => ({
      firstSequence,
      frames: [...frames, 1],
      fates: anchored([...fates, fine]),
    }))
  })

// The first packet is where counting begins, the last two are what shows everything else missing
// and what comes when that is no longer waited for.
function anchored(fates: readonly Fate[]): Fate[] {
  return fates.map((each, index) => {
    if (index === 0 || index >= fates.length - 2) return fine
    // Nothing is overtaken by so many that it would come after the last, nor overtakes the first.
    const overtaken = Math.min(each.overtaken, fates.length - 2 - index)
    return { ...each, overtaken }
  })
}

/** The packets in the order of their arrival. */
export function arrivalsOf({ firstSequence, frames, fates }: Schedule): Scheduled[] {
  const packets: { readonly at: number; readonly packet: Scheduled }[] = []
  let index = 0
  for (const [frame, count] of frames.entries()) {
    for (let i = 0; i < count; i++, index++) {
      const { lost, overtaken, twice } = fates[index]!
      const packet = {
        index,
        sequenceNumber: (firstSequence + index) & 0xffff,
        timestamp: (frame * frameTicks) >>> 0,
        marker: i === count - 1,
      }
      const at = index + overtaken + (overtaken > 0 ? 0.5 : 0)
      if (!lost) packets.push({ at, packet })
      if (!lost && twice) packets.push({ at: at + 0.25, packet })
    }
  }
  return packets.sort((one, other) => one.at - other.at).map(({ packet }) => packet)
}

/** What is true of a schedule, by what was done to its packets and by nothing else. */
export function truthOf({ frames, fates }: Schedule) {
  const came = fates.map(({ lost }) => !lost)
  const packets = came.filter(Boolean).length
  let endedFrames = 0
  let wholeFrames = 0
  let start = 0
  for (const count of frames) {
    const end = start + count
    if (came[end - 1]) {
      endedFrames++
      // From the last packet of the frame before, which alone tells that this one begins.
      const from = Math.max(0, start - 1)
      if (came.slice(from, end).every(Boolean)) wholeFrames++
    }
    start = end
  }
  return {
    packets,
    lost: fates.length - packets,
    duplicates: fates.filter(({ lost, twice }) => !lost && twice).length,
    expected: fates.length,
    frames: endedFrames,
    wholeFrames,
  }
}

/** The datagram of a packet, as long as one with an SRTP tag; `number` is the transport-wide one. */
export function datagramOf(packet: Scheduled, number: number): Buffer {
  const data = Buffer.from([number >> 8, number & 0xff])
  const header = { ...video, ...packet, extensions: [{ id: 3, data }] }
  return buildRtp(header, Buffer.alloc(100, packet.index))
}

/** Interarrival jitter in ticks, straight from its definition (RFC 3550 §6.4.1, §A.8). */
export function jitterOf(
  packets: readonly { readonly timestamp: number; readonly at: number }[],
  ticksPerMs: number,
): number {
  let jitter = 0
  for (let i = 1; i < packets.length; i++) {
    const [previous, packet] = [packets[i - 1]!, packets[i]!]
    const transit = packet.at * ticksPerMs - packet.timestamp
    const before = previous.at * ticksPerMs - previous.timestamp
    jitter += (Math.abs(transit - before) - jitter) / 16
  }
  return jitter
}
