import { bitrateText, percentText } from './page.ts'
import { bitrateBetween, type StatsEntry } from './viewer-stats.ts'

/** What is going out, one line of text per report; the rate is over the time between two. */
export class PublisherStatsReader {
  #last: { readonly timestamp: number; readonly bytes: number } | undefined

  read(entries: Iterable<StatsEntry>): string {
    const all = [...entries]
    const outbound = all.filter(({ type }) => type === 'outbound-rtp')
    const video = largest(outbound.filter(({ kind }) => kind === 'video'))
    const remote = all.filter(({ type }) => type === 'remote-inbound-rtp')
    const codec = all.find(({ type, id }) => type === 'codec' && id === video?.codecId)
    const bitrate = this.#bitrate(outbound)
    const loss = Math.max(0, ...remote.map(({ fractionLost }) => Number(fractionLost) || 0))
    const rtt = remote.map(({ roundTripTime }) => Number(roundTripTime)).find((time) => time > 0)
    const limit = video?.qualityLimitationReason
    return [
      bitrate === undefined ? undefined : bitrateText(bitrate),
      video?.frameWidth ? `${video.frameWidth} × ${video.frameHeight}` : undefined,
      video?.framesPerSecond ? `${video.framesPerSecond} fps` : undefined,
      typeof codec?.mimeType === 'string' ? codec.mimeType.split('/')[1] : undefined,
      rtt === undefined ? undefined : `RTT ${Math.round(rtt * 1000)} ms`,
      `loss ${percentText(loss)}`,
      typeof limit === 'string' && limit !== 'none' ? `held back by ${limit}` : undefined,
    ]
      .filter((part) => part !== undefined)
      .join(' · ')
  }

  #bitrate(outbound: readonly StatsEntry[]): number | undefined {
    const now = {
      timestamp: Math.max(0, ...outbound.map(({ timestamp }) => Number(timestamp))),
      bytes: outbound.reduce((sum, { bytesSent }) => sum + (Number(bytesSent) || 0), 0),
    }
    const last = this.#last
    this.#last = now
    return last && bitrateBetween(last, now)
  }
}

// Of simulcast, the picture that those see whose link carries it.
function largest(outbound: readonly StatsEntry[]): StatsEntry | undefined {
  const width = ({ frameWidth }: StatsEntry) => Number(frameWidth) || 0
  return outbound.toSorted((one, other) => width(other) - width(one))[0]
}
