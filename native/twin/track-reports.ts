import { ntpFromWall } from '#rtp/ntp.ts'
import { compound } from '#rtp/rtcp/compound.ts'
import { writeSenderReport } from '#rtp/rtcp/reports.ts'
import { writeSdes } from '#rtp/rtcp/sdes.ts'
import type { OutgoingTrack } from './outgoing-track.ts'

/** Between two sender reports of a track, in ms (SRTP-44). */
export const reportInterval = 1000

/**
 * A sender report and the CNAME of one outgoing track, or undefined before its log has a time
 * base. RTP time is that of the log plus the track's constant, NTP time is the ingest's: so
 * audio and video of a viewer stay in step whatever their numbers (RFC 3550 §6.4.1).
 *
 * @param wall milliseconds since the Unix epoch
 */
export function trackReport(track: OutgoingTrack, wall: number): Buffer | undefined {
  const clock = track.log?.clock
  const delta = track.timestampDelta
  const { format } = track
  if (!format || !clock || delta === undefined || !track.hasSent) return undefined
  const { ssrc, cname, clockRate } = format
  const elapsed = Math.round(((wall - clock.wall) * clockRate) / 1000)
  const { packets, bytes } = track.statistics
  return compound(
    writeSenderReport({
      ssrc,
      ntp: ntpFromWall(wall),
      rtpTimestamp: (clock.rtpTimestamp + elapsed + delta) >>> 0,
      packetCount: packets >>> 0,
      octetCount: bytes >>> 0,
      reports: [],
    }),
    writeSdes([{ ssrc, cname }]),
  )
}
