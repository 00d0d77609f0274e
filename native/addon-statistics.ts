import type { PlaneStatistics } from './media-plane.ts'

/** Counters of a plane, in the order of `native/addon/plane-statistics.cc`. */
const names = [
  'datagramsReceived',
  'datagramsSent',
  'sendErrors',
  'packetsReceived',
  'bytesReceived',
  'unknown-range',
  'unknown-peer',
  'too-short',
  'too-long',
  'authentication',
  'replayed',
  'unknown-ufrag',
  'bad-integrity',
  'unknown-path',
  'too-often',
  'packetsSent',
  'bytesSent',
  'retransmitted',
  'replayedToViewers',
  'probed',
  'late',
  'full',
  'trainsRefused',
  'unheardMedia',
  'unheardControl',
] as const
type Name = (typeof names)[number]

/** Numbers that the addon fills in. */
export const statisticsLength = names.length

/** @param counters as the addon has filled them */
export function planeStatistics(counters: Float64Array): PlaneStatistics {
  const of = (name: Name) => counters[names.indexOf(name)]!
  return {
    datagramsReceived: of('datagramsReceived'),
    datagramsSent: of('datagramsSent'),
    sendErrors: of('sendErrors'),
    sendDrops: { late: of('late'), full: of('full') },
    trainsRefused: of('trainsRefused'),
    unheard: { media: of('unheardMedia'), control: of('unheardControl') },
    received: { packets: of('packetsReceived'), bytes: of('bytesReceived') },
    sent: {
      packets: of('packetsSent'),
      bytes: of('bytesSent'),
      retransmitted: of('retransmitted'),
      replayed: of('replayedToViewers'),
      probed: of('probed'),
    },
    dropped: {
      'unknown-range': of('unknown-range'),
      'unknown-peer': of('unknown-peer'),
      'too-short': of('too-short'),
      'too-long': of('too-long'),
      authentication: of('authentication'),
      replayed: of('replayed'),
      'unknown-ufrag': of('unknown-ufrag'),
      'bad-integrity': of('bad-integrity'),
      'unknown-path': of('unknown-path'),
      'too-often': of('too-often'),
    },
  }
}
