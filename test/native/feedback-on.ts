import { type TransportFeedback, writeTransportCc } from '#rtp/rtcp/transport-cc.ts'

/**
 * The feedback of a viewer on packets whose transport-wide numbers follow each other.
 *
 * @param first number of the first one
 * @param arrivals ms of the viewer's clock; undefined for one that is lost
 */
export function feedbackOn(first: number, arrivals: readonly (number | undefined)[]): Buffer {
  const feedback: TransportFeedback = {
    baseSequence: first & 0xffff,
    statusCount: arrivals.length,
    referenceTime: Math.floor((arrivals.find((at) => at !== undefined) ?? 0) / 64),
    feedbackCount: 0,
    arrivals: arrivals.flatMap((at, i) =>
      at === undefined ? [] : [{ sequenceNumber: (first + i) & 0xffff, arrivedAt: at * 4 }],
    ),
  }
  return writeTransportCc(1, 2, feedback)
}
