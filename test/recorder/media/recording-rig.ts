import { writeInitSegment } from '#recorder/cmaf/init-segment.ts'
import type { TrackConfig } from '#recorder/cmaf/track-config.ts'
import { EpochReader } from '#recorder/media/epoch-reader.ts'
import type { TrackKind } from '#recorder/media/interleaver.ts'
import type { Part } from '#recorder/media/part-builder.ts'
import type { Gap, SegmentListener, SegmentStart } from '#recorder/media/segmenter.ts'
import { RtpPacket } from '#rtp/packet.ts'
import { browser, obs, PublicationRig, recordedFormat } from '#test/relay/publication-rig.ts'
import { recordings } from '#test/support/rtpdump.ts'

export interface CutSegment extends SegmentStart {
  readonly parts: Record<TrackKind, Part[]>
  durations: Partial<Record<TrackKind, number>>
}

/** Keeps all that a segmenter makes. */
export class CutSegments implements SegmentListener {
  readonly segments: CutSegment[] = []
  readonly gaps: Gap[] = []

  begin(start: SegmentStart): void {
    this.segments.push({ ...start, parts: { video: [], audio: [] }, durations: {} })
  }

  part(kind: TrackKind, part: Part): void {
    this.segments.at(-1)!.parts[kind].push(part)
  }

  end(durations: Partial<Record<TrackKind, number>>): void {
    this.segments.at(-1)!.durations = durations
  }

  gap(gap: Gap): void {
    this.gaps.push(gap)
  }

  /** One file of a track: its init segment, and all its parts. Of one configuration only. */
  async file(kind: TrackKind): Promise<Buffer> {
    const config = this.segments.find(({ configs }) => configs[kind])!.configs[kind] as TrackConfig
    const parts = this.segments.flatMap((segment) => segment.parts[kind])
    return Buffer.concat([await writeInitSegment(config), ...parts.map(({ bytes }) => bytes)])
  }
}

/** What becomes of a packet: it comes at once, so many ms later, or not at all. */
export type Fate = 'comes' | 'lost' | { readonly after: number }

/**
 * Plays a recorded publisher to a reader of its publication, as a recorder would.
 *
 * @param fateOf of each packet, with the ms since the start
 */
export function cutRecording(
  name: string,
  fateOf: (packet: RtpPacket, ms: number) => Fate = () => 'comes',
): CutSegments {
  const recording = recordings.find((one) => one.name === name)!
  const video = recording.streams.find(({ size }) => size)!
  const traits = /^(obs|ffmpeg)/.test(name) ? obs : browser
  const rig = new PublicationRig(recordedFormat(name, video.pt), traits)
  const cut = new CutSegments()
  const { clock, publication } = rig
  const start = clock.now()
  const wall = () => clock.wall()
  const reader = new EpochReader({ publication, plan: undefined, listener: cut, wall })
  const late: { readonly due: number; readonly packet: Buffer }[] = []
  rig.play(name, (packet) => {
    while (late[0] && late[0].due <= clock.now()) rig.receive(late.shift()!.packet)
    reader.read(clock.now())
    const fate = fateOf(RtpPacket.parse(packet)!, clock.now() - start)
    if (typeof fate === 'object') late.push({ due: clock.now() + fate.after, packet })
    return fate === 'comes'
  })
  reader.end(clock.now())
  return cut
}
