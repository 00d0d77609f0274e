import type { MediaPlane } from '#native/media-plane.ts'
import type { KeyframeDetector } from '#rtp/codecs/video-codec.ts'
import {
  DependencyReader,
  type DependencyStructure,
  type FrameDependencies,
  indication,
} from '#rtp/dependency-descriptor.ts'
import { RtpPacket } from '#rtp/packet.ts'
import {
  OperatingPoint,
  type OperatingPointOptions,
  type WholeEncoding,
} from './operating-point.ts'
import type { PacketLog, StoredPacket } from './packet-log.ts'

/** Ms that a missing packet holds up what follows it: a repair comes within a round trip or two. */
const repairWait = 150
/** Packets held up at most. */
const mostWaiting = 512
/** Points made of one encoding at most: three sizes at three rates, less the whole of it. */
const mostPoints = 8
/** Ms between two sets of points: a log of each is opened in every shard. */
const restructureInterval = 1000

/** An encoding whose layers can be left out. */
export interface LayeredEncoding extends WholeEncoding {
  readonly log: PacketLog
}

/**
 * Splits an encoding of several layers (SVC) into the operating points that its dependency
 * descriptors name. Each is a log of its own, so that to watch one is no different from watching
 * an encoding of simulcast. The whole is not among them: that is the encoding itself.
 *
 * Packets are taken in the order of their numbers: what is left out must leave no gap, or viewers
 * would ask for it again.
 */
export class OperatingPoints {
  readonly #plane: MediaPlane
  readonly #whole: LayeredEncoding
  readonly #extensionId: number
  readonly #isKeyframe: KeyframeDetector
  readonly #reader = new DependencyReader()
  readonly #packet = new RtpPacket()
  #structure: DependencyStructure | undefined
  #points: OperatingPoint[] = []
  /** Ingest index of the packet to take next. */
  #next: number | undefined
  #wholeIds: { readonly spatialId: number; readonly temporalId: number } | undefined
  #missingSince: number | undefined
  #restructuredAt = Number.NEGATIVE_INFINITY

  constructor(
    plane: MediaPlane,
    whole: LayeredEncoding,
    extensionId: number,
    isKeyframe: KeyframeDetector,
  ) {
    this.#plane = plane
    this.#whole = whole
    this.#extensionId = extensionId
    this.#isKeyframe = isKeyframe
  }

  /** From the smallest to the largest; none while no structure was seen, or it has one layer. */
  get points(): readonly OperatingPoint[] {
    return this.#points
  }

  /** The highest layers of the encoding itself; undefined while no structure was seen. */
  get whole(): { readonly spatialId: number; readonly temporalId: number } | undefined {
    return this.#wholeIds
  }

  /** The log of the encoding has grown. */
  advance(now: number): void {
    const { log } = this.#whole
    this.#next ??= log.start
    if (this.#next < log.start) this.#next = log.start
    while (this.#next < log.end) {
      const packet = log.find(this.#next)
      if (packet) this.#take(packet, now)
      else if (this.#waits(log, now)) return
      else this.#skip(log)
      this.#missingSince = undefined
      this.#next = packet ? this.#next + 1 : log.heldFrom(this.#next)
    }
  }

  close(): void {
    for (const point of this.#points) point.close()
    this.#points = []
  }

  // Numbers cost a publisher nothing: of a jump, no more stay free than would have been waited for.
  #skip(log: PacketLog): void {
    const missing = Math.min(log.heldFrom(this.#next!) - this.#next!, mostWaiting)
    for (const point of this.#points) point.skip(missing)
  }

  #waits({ end }: PacketLog, now: number): boolean {
    this.#missingSince ??= now
    return now - this.#missingSince < repairWait && end - this.#next! < mostWaiting
  }

  #take(stored: StoredPacket, now: number): void {
    const packet = this.#packet
    if (!packet.read(stored.slab.bytes, stored.offset, stored.offset + stored.length)) return
    const { extensions, bytes } = packet
    if (!extensions.find(this.#extensionId)) return
    const frame = this.#reader.read(bytes, extensions.start, extensions.end)
    if (!frame) return
    if (frame.structure) this.#restructure(frame.structure, now)
    const keyframe = this.#isKeyframe(bytes, packet.payloadStart, packet.payloadEnd)
    for (const point of this.#points) {
      if (frame.targets[point.target] === indication.absent) continue
      const index = point.take(stored, this.#ends(point, frame), now)
      if (keyframe) point.markKeyframe(index)
    }
  }

  #ends(point: OperatingPoint, { endOfFrame, spatialId }: FrameDependencies): boolean {
    return endOfFrame && spatialId === point.spatialId
  }

  // Keyframes repeat the structure. Another one is another set of points; while they come too fast
  // there are none.
  #restructure(structure: DependencyStructure, now: number): void {
    if (this.#structure && sameShape(this.#structure, structure)) return
    this.close()
    this.#structure = undefined
    this.#wholeIds = highest(structure.templates)
    if (now - this.#restructuredAt < restructureInterval) return
    this.#structure = structure
    this.#restructuredAt = now
    this.#points = lowerPoints(structure)
      .slice(0, mostPoints)
      .map((options) => new OperatingPoint(this.#plane, this.#whole, options))
  }
}

/** The decode targets that leave something out, from the smallest. */
function lowerPoints({ decodeTargets, templates, resolutions }: DependencyStructure) {
  const points: OperatingPointOptions[] = []
  for (let target = 0; target < decodeTargets; target++) {
    const needed = templates.filter(({ targets }) => targets[target] !== indication.absent)
    if (needed.length === 0 || needed.length === templates.length) continue
    const { spatialId, temporalId } = highest(needed)
    points.push({ target, spatialId, temporalId, size: resolutions[spatialId] })
  }
  return points.sort((a, b) => a.spatialId - b.spatialId || a.temporalId - b.temporalId)
}

function highest(templates: DependencyStructure['templates']) {
  return {
    spatialId: Math.max(...templates.map(({ spatialId }) => spatialId)),
    temporalId: Math.max(...templates.map(({ temporalId }) => temporalId)),
  }
}

// The offset only renumbers the templates.
function sameShape(one: DependencyStructure, other: DependencyStructure): boolean {
  return (
    JSON.stringify({ ...one, templateIdOffset: 0 }) ===
    JSON.stringify({ ...other, templateIdOffset: 0 })
  )
}
