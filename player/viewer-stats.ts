/** One object of an RTCStatsReport; the members are checked where they are read. */
export interface StatsEntry {
  readonly type: string
  readonly [member: string]: unknown
}

/** What a viewer wants to know. What is not known yet is `undefined`. */
export interface ViewerStats {
  /** Media that has come so far: frames decoded, or audio packets where there is no picture. */
  readonly progress: number
  readonly width: number | undefined
  readonly height: number | undefined
  readonly framesPerSecond: number | undefined
  readonly codec: string | undefined
  /** Bits per second since the last report. */
  readonly bitrate: number | undefined
  readonly rttMs: number | undefined
  /** 0–1 since the last report (webrtc-stats, packetsLost). */
  readonly lossFraction: number | undefined
  readonly freezes: number
}

/** Of both directions alike, so far. */
interface Transferred {
  /** Ms; of any beginning. */
  readonly timestamp: number
  readonly bytes: number
}

interface Totals extends Transferred {
  readonly packets: number
  readonly lost: number
}

const numberIn = (entry: StatsEntry | undefined, member: string): number | undefined => {
  const value = entry?.[member]
  return typeof value === 'number' ? value : undefined
}

/** What the browser tells of a connection now. */
export async function statsOf(peer: RTCPeerConnection): Promise<Iterable<StatsEntry>> {
  const report = await peer.getStats()
  return report.values() as Iterable<StatsEntry>
}

/** Reads one report after the other; rates are over the time between two. */
export class ViewerStatsReader {
  #last: Totals | undefined

  read(entries: Iterable<StatsEntry>): ViewerStats {
    const all = [...entries]
    const inbound = all.filter(({ type }) => type === 'inbound-rtp')
    const video = inbound.find(({ kind }) => kind === 'video')
    const audio = inbound.find(({ kind }) => kind === 'audio')
    const totals = sum(inbound)
    const last = this.#last
    this.#last = totals
    const frames = numberIn(video, 'framesDecoded') ?? 0
    return {
      progress: frames > 0 ? frames : (numberIn(audio, 'packetsReceived') ?? 0),
      width: numberIn(video, 'frameWidth'),
      height: numberIn(video, 'frameHeight'),
      framesPerSecond: numberIn(video, 'framesPerSecond'),
      codec: codecOf(all, video ?? audio),
      bitrate: last && bitrateBetween(last, totals),
      rttMs: roundTripTime(all),
      lossFraction: last && lossFraction(last, totals),
      freezes: numberIn(video, 'freezeCount') ?? 0,
    }
  }
}

function sum(inbound: readonly StatsEntry[]): Totals {
  const total = (member: string) =>
    inbound.reduce((sum, entry) => sum + (numberIn(entry, member) ?? 0), 0)
  return {
    timestamp: Math.max(0, ...inbound.map((entry) => numberIn(entry, 'timestamp') ?? 0)),
    bytes: total('bytesReceived'),
    packets: total('packetsReceived'),
    lost: total('packetsLost'),
  }
}

/**
 * @returns bits per second; undefined where the second report is not later, or tells of less, as a
 *   new connection counts from nothing again
 */
export function bitrateBetween(last: Transferred, now: Transferred): number | undefined {
  const elapsed = now.timestamp - last.timestamp
  if (elapsed <= 0 || now.bytes < last.bytes) return undefined
  return ((now.bytes - last.bytes) * 8 * 1000) / elapsed
}

function lossFraction(last: Totals, now: Totals): number | undefined {
  const lost = Math.max(0, now.lost - last.lost)
  const received = now.packets - last.packets
  return received > 0 ? lost / (lost + received) : undefined
}

function codecOf(all: readonly StatsEntry[], track: StatsEntry | undefined): string | undefined {
  const codec = all.find(({ type, id }) => type === 'codec' && id === track?.codecId)
  const mimeType = codec?.mimeType
  return typeof mimeType === 'string' ? mimeType.split('/')[1] : undefined
}

function roundTripTime(all: readonly StatsEntry[]): number | undefined {
  const pair = all.find(({ type, nominated, state }) => {
    return type === 'candidate-pair' && nominated === true && state === 'succeeded'
  })
  const seconds = numberIn(pair, 'currentRoundTripTime')
  return seconds === undefined ? undefined : seconds * 1000
}
