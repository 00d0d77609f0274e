import type { Histogram } from './histogram.ts'
import { type Percentiles, percentiles } from './percentiles.ts'
import type { ProcessReading } from './process-meter.ts'
import { difference, type Mark, type Sample } from './run-meter.ts'
import {
  type Cohort,
  type FollowingResult,
  type JoinPhase,
  joinPhases,
  type PictureCounters,
  type ReceptionCounters,
  type SeenInterruption,
  type ViewerResult,
} from './viewer-result.ts'

/** What received: native code, or TypeScript for the reason given. */
type ReceiverKind =
  | { readonly kind: 'native' }
  | { readonly kind: 'typescript'; readonly why: string }

/** All that is known of a run when its time is over. */
export interface RunRecord {
  readonly results: readonly ViewerResult[]
  /** Before the first viewer, from where on nobody joins any more, and at the end. */
  readonly start: Mark
  readonly steady: Mark
  readonly end: Mark
  readonly samples: readonly Sample[]
  /** Ages of pictures, in ms. */
  readonly latency: Histogram
  readonly captureTime: LatencyFigures['captureTime']
  /** Whether the server's clock is ours. */
  readonly sameClock: boolean
  readonly receiver: ReceiverKind
  /** Datagrams and notices that the tool itself lost. */
  readonly dropped: number
}

type Joins = Readonly<Partial<Record<JoinPhase, Percentiles>>>

/** What a process cost over the steady part of a run. */
export interface ProcessFigures {
  /** µs of CPU time per RTP packet that the viewers received. */
  readonly cpuPerPacket: number | undefined
  /** Of one core. */
  readonly cpuPercent: number
  /** Bytes before the first viewer and at the end, and what that is for each viewer. */
  readonly rssBefore: number
  readonly rssAfter: number
  readonly rssPerViewer: number | undefined
  readonly threads: number
  readonly descriptors: number | undefined
}

/** How viewers fared who go from session to session. */
interface FollowingFigures {
  /** Of all viewers, one after the other. */
  readonly sessions: number
  /** Ms for which pictures stood still, by cause: see `SeenInterruption`. */
  readonly moved: Percentiles | undefined
  readonly lost: Percentiles | undefined
  readonly stall: Percentiles | undefined
  readonly troubles: number
  readonly byTrouble: Readonly<Record<string, number>>
  /** Each by itself, in the order in which they left, then in that in which they came. */
  readonly viewers: readonly FollowingResult[]
}

export interface LatencyFigures extends Percentiles {
  readonly min: number
  /** What told when a picture was captured: its publisher, if it is this tool, or the server. */
  readonly captureTime: 'marks' | 'sender-reports'
  /** Where the server is another machine, the absolute figure is as good as both clocks are. */
  readonly clock: 'same' | 'other'
}

/** What a run of viewers came to; also what `--json` writes. */
export interface ViewerReport {
  readonly viewers: number
  /** Viewers that had a picture and kept their session. */
  readonly well: number
  /** Viewers of which every packet was decrypted. */
  readonly decrypted: number
  readonly undecryptable: number
  /** Milliseconds from the POST, by phase, over the viewers that reached it. */
  readonly join: Joins
  /** The same of each part of the run that had viewers. */
  readonly joinByCohort: Readonly<Partial<Record<Cohort, Joins>>>
  readonly reception: ReceptionCounters
  /** Share of the expected packets that never came, in percent. */
  readonly lossPercent: number
  readonly picture: PictureCounters
  /** Frames that were whole, of those that ended, in percent. */
  readonly wholePercent: number | undefined
  readonly viewersFrozen: number
  /** In ms, over the viewers, each at its end. */
  readonly jitter: Percentiles | undefined
  /** In ms from capture, over the pictures of the decrypted viewers. */
  readonly latency: LatencyFigures | undefined
  /** Over the part of the run in which nobody joined for the first time. */
  readonly steady: {
    readonly seconds: number
    readonly viewers: number
    readonly packets: number
    readonly packetsPerSecond: number
    readonly bitsPerSecond: number
  }
  readonly server: ProcessFigures | undefined
  readonly tool: ProcessFigures | undefined
  readonly receiver: ReceiverKind
  readonly dropped: number
  readonly samples: readonly Sample[]
  /** With `--follow`. */
  readonly following: FollowingFigures | undefined
  /** How many viewers failed, by reason. */
  readonly failures: Readonly<Record<string, number>>
}

export function reportOn(record: RunRecord): ViewerReport {
  const { results, start, steady, end, latency } = record
  const reception = total(results.map((result) => result.reception))
  const picture = totalPicture(results.map((result) => result.picture))
  const expected = reception.packets + reception.lost
  const seconds = Math.max(1e-3, (end.at - steady.at) / 1000)
  const { packets, bytes } = difference(end.totals, steady.totals)
  const process = (pick: (mark: Mark) => ProcessReading | undefined) =>
    processFigures(pick(start), pick(steady), pick(end), { packets, seconds, viewers: end.viewers })
  return {
    viewers: results.length,
    well: results.filter(({ failure }) => failure === undefined).length,
    decrypted: results.filter(({ decrypted }) => decrypted).length,
    undecryptable: results.reduce((sum, { undecryptable }) => sum + undecryptable, 0),
    join: joinsOf(results),
    joinByCohort: joinsByCohort(results),
    reception,
    lossPercent: expected === 0 ? 0 : (100 * reception.lost) / expected,
    picture,
    wholePercent: picture.frames === 0 ? undefined : (100 * picture.wholeFrames) / picture.frames,
    viewersFrozen: results.filter((result) => result.picture.freezes > 0).length,
    jitter: percentiles(results.flatMap(({ jitter }) => jitter ?? [])),
    latency: latency.percentiles && {
      ...latency.percentiles,
      min: latency.min,
      captureTime: record.captureTime,
      clock: record.sameClock ? 'same' : 'other',
    },
    steady: {
      seconds,
      viewers: end.viewers,
      packets,
      packetsPerSecond: packets / seconds,
      bitsPerSecond: (8 * bytes) / seconds,
    },
    server: process((mark) => mark.server),
    tool: process((mark) => mark.tool),
    receiver: record.receiver,
    dropped: record.dropped,
    samples: record.samples,
    following: followingFigures(results),
    failures: countBy(results.flatMap(({ failure }) => failure ?? [])),
  }
}

function joinsOf(results: readonly ViewerResult[]): Joins {
  const join: Partial<Record<JoinPhase, Percentiles>> = {}
  for (const phase of joinPhases) {
    const found = percentiles(results.flatMap((result) => result.join[phase] ?? []))
    if (found) join[phase] = found
  }
  return join
}

function joinsByCohort(results: readonly ViewerResult[]): Partial<Record<Cohort, Joins>> {
  const found: Partial<Record<Cohort, Joins>> = {}
  for (const cohort of ['ramp', 'storm', 'churn'] as const) {
    const members = results.filter((result) => result.cohort === cohort)
    if (members.length > 0) found[cohort] = joinsOf(members)
  }
  return found
}

function processFigures(
  start: ProcessReading | undefined,
  steady: ProcessReading | undefined,
  end: ProcessReading | undefined,
  { packets, seconds, viewers }: { packets: number; seconds: number; viewers: number },
): ProcessFigures | undefined {
  if (!start || !steady || !end) return undefined
  const cpu = end.cpu - steady.cpu
  return {
    cpuPerPacket: packets > 0 ? (1000 * cpu) / packets : undefined,
    cpuPercent: cpu / (10 * seconds),
    rssBefore: start.rss,
    rssAfter: end.rss,
    rssPerViewer: viewers > 0 ? (end.rss - start.rss) / viewers : undefined,
    threads: end.threads,
    descriptors: end.descriptors,
  }
}

function total(counters: readonly ReceptionCounters[]): ReceptionCounters {
  const sum = (pick: (each: ReceptionCounters) => number) => {
    return counters.reduce((so, each) => so + pick(each), 0)
  }
  return {
    packets: sum(({ packets }) => packets),
    bytes: sum(({ bytes }) => bytes),
    lost: sum(({ lost }) => lost),
    repaired: sum(({ repaired }) => repaired),
    duplicates: sum(({ duplicates }) => duplicates),
    nacked: sum(({ nacked }) => nacked),
    keyframeRequests: sum(({ keyframeRequests }) => keyframeRequests),
  }
}

function totalPicture(counters: readonly PictureCounters[]): PictureCounters {
  const sum = (pick: (each: PictureCounters) => number) => {
    return counters.reduce((so, each) => so + pick(each), 0)
  }
  return {
    frames: sum(({ frames }) => frames),
    wholeFrames: sum(({ wholeFrames }) => wholeFrames),
    freezes: sum(({ freezes }) => freezes),
    longestFreeze: counters.reduce((so, each) => Math.max(so, each.longestFreeze), 0),
    frozen: sum(({ frozen }) => frozen),
  }
}

function followingFigures(results: readonly ViewerResult[]): FollowingFigures | undefined {
  const all = results.flatMap(({ following }) => following ?? [])
  if (all.length === 0) return undefined
  const troubles = all.flatMap((viewer) => viewer.troubles)
  const times = (cause: SeenInterruption['cause']) =>
    percentiles(
      all.flatMap(({ interruptions }) =>
        interruptions.filter((seen) => seen.cause === cause).map(({ ms }) => ms),
      ),
    )
  return {
    sessions: all.reduce((sum, { sessions }) => sum + sessions, 0),
    moved: times('moved'),
    lost: times('lost'),
    stall: times('stall'),
    troubles: troubles.length,
    byTrouble: countBy(troubles.map(({ what }) => what)),
    viewers: all,
  }
}

function countBy(reasons: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const reason of reasons) counts[reason] = (counts[reason] ?? 0) + 1
  return counts
}
