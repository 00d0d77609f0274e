import { accessUnits, splitAnnexB } from './annex-b.ts'
import { maxPayloadLength, packetizeH264 } from './h264-packetizer.ts'
import { readOggOpus } from './ogg-opus.ts'

/** What leaves at one moment: the packets of one picture, or one of sound. */
export interface ClipFrame {
  readonly kind: 'audio' | 'video'
  /** Which size of the picture, 0 for the largest; 0 for sound. */
  readonly layer: number
  /** Milliseconds from the start of the clip. */
  readonly at: number
  readonly keyframe: boolean
  /** RTP payloads in sending order; shared by all publishers, never written to. */
  readonly payloads: readonly Buffer[]
}

/** A recording cut into RTP payloads once, to be sent in a loop by any number of publishers. */
export interface Clip {
  /** By time; sound and pictures interleaved, the largest picture of a moment first. */
  readonly frames: readonly ClipFrame[]
  /** Milliseconds of one round: that of the picture, the sound is cut to it. */
  readonly duration: number
  /** Seconds between two keyframes, the longest of them, the seam of the loop included. */
  readonly keyframeInterval: number
  readonly hasAudio: boolean
  /** Sizes in which there is each picture. */
  readonly layers: number
}

export interface ClipSource {
  /** H264 without B-frames as a byte stream (ITU-T H.264 annex B). */
  readonly video: Buffer
  /** The same pictures again, from one layer to the next smaller. */
  readonly smaller?: readonly Buffer[]
  /** Opus in Ogg; a clip without one is sent without sound. */
  readonly audio?: Buffer
  /** Pictures per second: a byte stream does not tell. */
  readonly frameRate: number
}

/** @throws Error that says what is wrong with the file */
export function buildClip({ video, smaller = [], audio, frameRate }: ClipSource): Clip {
  const layers = [video, ...smaller].map((file, layer) => videoFrames(file, layer, frameRate))
  const [largest] = layers as [ClipFrame[], ...ClipFrame[][]]
  if (layers.some(({ length }) => length !== largest.length)) {
    throw new Error(`its layers differ in length: ${layers.map(({ length }) => length)} pictures`)
  }
  const duration = (largest.length * 1000) / frameRate
  const keyframes = largest.filter(({ keyframe }) => keyframe).map(({ at }) => at)
  const frames = layers.flat()
  if (audio) frames.push(...audioFrames(audio, duration))
  // Sorting is stable, so a picture goes before the sound of its moment.
  frames.sort((a, b) => a.at - b.at)
  return {
    frames,
    duration,
    keyframeInterval: longestInterval(keyframes, duration) / 1000,
    hasAudio: audio !== undefined,
    layers: layers.length,
  }
}

function videoFrames(file: Buffer, layer: number, frameRate: number): ClipFrame[] {
  const pictures = accessUnits(splitAnnexB(file))
  if (pictures.length === 0) {
    throw new Error('it holds no H264 pictures: an Annex B byte stream (.h264) is wanted')
  }
  if (!pictures[0]!.keyframe) throw new Error('its first picture is no keyframe (IDR)')
  return pictures.map(({ nalUnits, keyframe }, index) => {
    const at = (index * 1000) / frameRate
    return { kind: 'video', layer, at, keyframe, payloads: packetizeH264(nalUnits) }
  })
}

function audioFrames(file: Buffer, duration: number): ClipFrame[] {
  const frames: ClipFrame[] = []
  let at = 0
  for (const { bytes, duration: sounds } of readOggOpus(file)) {
    if (at >= duration) break
    if (bytes.length > maxPayloadLength) {
      throw new Error(
        `an Opus packet of ${bytes.length} bytes does not fit into one of ours: use 20 ms frames`,
      )
    }
    frames.push({ kind: 'audio', layer: 0, at, keyframe: false, payloads: [bytes] })
    at += sounds
  }
  return frames
}

function longestInterval(keyframes: readonly number[], duration: number): number {
  let longest = 0
  keyframes.forEach((at, index) => {
    longest = Math.max(longest, (keyframes[index + 1] ?? duration) - at)
  })
  return longest
}
