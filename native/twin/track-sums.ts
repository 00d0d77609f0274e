import type { TrackStatistics } from '#native/media-plane.ts'

/** Of a track that has sent nothing, or is not there. */
export const noTrackStatistics: TrackStatistics = {
  packets: 0,
  bytes: 0,
  retransmitted: 0,
  replayed: 0,
  probed: 0,
}

/** The counters of many tracks together. */
export function sumOf(all: Iterable<TrackStatistics>): TrackStatistics {
  const total = { ...noTrackStatistics }
  for (const { packets, bytes, retransmitted, replayed, probed } of all) {
    total.packets += packets
    total.bytes += bytes
    total.retransmitted += retransmitted
    total.replayed += replayed
    total.probed += probed
  }
  return total
}
