import { readFile, stat } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { messageOf } from '#core/errors.ts'
import { UsageError } from './arguments.ts'
import { buildClip, type Clip } from './clip.ts'
import { encodeAgain } from './clip-encoder.ts'

export interface ClipChoice {
  /** A folder with a `clip.json`, or an `.h264` file; undefined for the bundled clip. */
  readonly path?: string | undefined
  /** Pictures per second, where no JSON file beside the clip says so. */
  readonly frameRate?: number | undefined
  /** Seconds wanted between keyframes; undefined takes the clip as it is. */
  readonly keyframeInterval?: number | undefined
  /**
   * Sizes wanted of each picture; 1 without. The smaller ones stand beside the clip, with `-1`,
   * `-2` … at the end of their names, or are made: each has half the sides of the one before.
   */
  readonly layers?: number | undefined
  /** Kbit/s wanted of each layer; undefined takes the clip as it is. */
  readonly bitrates?: readonly number[] | undefined
}

const bundled = join(import.meta.dirname, '..', 'demo')
const usualFrameRate = 30
/** Of a layer's rate, what the next smaller one gets: it has a quarter of the picture. */
const smallerShare = 0.28
const leastKilobits = 100

interface ClipPaths {
  /** Of the layers that there are, the largest first. */
  readonly video: readonly [string, ...string[]]
  readonly audio: string
  readonly frameRate: number
}

/** @throws UsageError that names the file and what to do about it */
export async function loadClip(choice: ClipChoice): Promise<Clip> {
  const { path = bundled, layers = 1, bitrates } = choice
  const paths = await findClip(path, layers, choice.frameRate)
  const clip = await readClip(path, paths, paths.video)
  const wanted = choice.keyframeInterval ?? clip.keyframeInterval
  const isThere = clip.layers === layers && isNear(clip.keyframeInterval, wanted, paths.frameRate)
  if (isThere && !bitrates) return clip
  return readClip(path, paths, await encodeLayers(paths, { ...choice, layers }, clip))
}

async function findClip(
  path: string,
  layers: number,
  frameRate: number | undefined,
): Promise<ClipPaths> {
  const found = await stat(path).catch(() => undefined)
  if (!found) throw new UsageError(`--clip ${path}: there is no such file or folder`)
  const stem = found.isDirectory() ? join(path, 'clip') : join(parse(path).dir, parse(path).name)
  const smaller = Array.from({ length: layers - 1 }, (_, i) => `${stem}-${i + 1}.h264`)
  const there = await Promise.all(smaller.map((file) => stat(file).catch(() => undefined)))
  return {
    video: [
      found.isDirectory() ? `${stem}.h264` : path,
      ...(there.every((file) => file !== undefined) ? smaller : []),
    ],
    audio: `${stem}.opus`,
    frameRate: frameRate ?? (await knownFrameRate(`${stem}.json`)) ?? usualFrameRate,
  }
}

async function readClip(
  path: string,
  { audio: sound, frameRate }: ClipPaths,
  layers: readonly (string | Buffer)[],
): Promise<Clip> {
  try {
    const audio = await readFile(sound).catch(() => undefined)
    const read = layers.map((layer) => (typeof layer === 'string' ? readFile(layer) : layer))
    const [video, ...smaller] = (await Promise.all(read)) as [Buffer, ...Buffer[]]
    return buildClip({ video, smaller, frameRate, ...(audio && { audio }) })
  } catch (cause) {
    throw new UsageError(`the clip ${path} cannot be used: ${messageOf(cause)}`, { cause })
  }
}

async function knownFrameRate(path: string): Promise<number | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    const facts: { video?: { framesPerSecond?: unknown } } = JSON.parse(text)
    const rate = facts.video?.framesPerSecond
    return typeof rate === 'number' && rate > 0 ? rate : undefined
  } catch (cause) {
    throw new UsageError(`${path} is no JSON: mend it, or give --frame-rate`, { cause })
  }
}

function isNear(interval: number, wanted: number, frameRate: number): boolean {
  return Math.abs(interval - wanted) <= 0.5 / frameRate
}

/** The clip's pictures in each size, with keyframes at the same places. */
async function encodeLayers(
  { video: [source], frameRate }: ClipPaths,
  choice: ClipChoice & { readonly layers: number },
  clip: Clip,
): Promise<Buffer[]> {
  const { layers, bitrates, keyframeInterval = clip.keyframeInterval } = choice
  const { size } = await stat(source)
  const common = {
    source,
    frameRate,
    keyframeInterval: Math.max(1, Math.round(keyframeInterval * frameRate)),
    constantRate: layers > 1 || bitrates !== undefined,
  }
  const usual = (layer: number) => ((size * 8) / clip.duration) * smallerShare ** layer
  try {
    const encodings = Array.from({ length: layers }, (_, layer) => {
      const kilobits = bitrates?.[layer] ?? Math.max(leastKilobits, Math.round(usual(layer)))
      return encodeAgain({ ...common, kilobits, scale: 0.5 ** layer })
    })
    return await Promise.all(encodings)
  } catch (cause) {
    throw new UsageError(
      `${whatIsWanted(choice, clip)}, and ffmpeg with libx264, which could change that, ` +
        'does not run: install it, or choose another --clip',
      { cause },
    )
  }
}

function whatIsWanted({ layers = 1, bitrates, keyframeInterval }: ClipChoice, clip: Clip): string {
  if (layers !== clip.layers) return `--layers ${layers}: the clip has ${clip.layers}`
  if (bitrates) return `--bitrates ${bitrates}: the clip has its own`
  const has = `the clip has a keyframe every ${clip.keyframeInterval.toFixed(2)} s`
  return `--keyframe-interval ${keyframeInterval}: ${has}`
}
