import { execFile } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { promisify } from 'node:util'
import { messageOf } from '#core/errors.ts'
import { UsageError } from './arguments.ts'
import { buildClip, type Clip } from './clip.ts'

export interface ClipChoice {
  /** A folder with a `clip.json`, or an `.h264` file; undefined for the bundled clip. */
  readonly path?: string | undefined
  /** Pictures per second, where no JSON file beside the clip says so. */
  readonly frameRate?: number | undefined
  /** Seconds wanted between keyframes; undefined takes the clip as it is. */
  readonly keyframeInterval?: number | undefined
}

const bundled = join(import.meta.dirname, '..', 'demo')
const usualFrameRate = 30
const maxClipBytes = 512 * 1024 * 1024
const run = promisify(execFile)

interface ClipPaths {
  readonly video: string
  readonly audio: string
  readonly frameRate: number
}

/** @throws UsageError that names the file and what to do about it */
export async function loadClip(choice: ClipChoice): Promise<Clip> {
  const path = choice.path ?? bundled
  const paths = await findClip(path, choice.frameRate)
  const clip = await readClip(path, paths)
  const wanted = choice.keyframeInterval
  if (wanted === undefined || isNear(clip.keyframeInterval, wanted, paths.frameRate)) return clip
  return readClip(path, paths, await encodeAgain(paths, wanted, clip))
}

async function findClip(path: string, frameRate: number | undefined): Promise<ClipPaths> {
  const found = await stat(path).catch(() => undefined)
  if (!found) throw new UsageError(`--clip ${path}: there is no such file or folder`)
  const stem = found.isDirectory() ? join(path, 'clip') : join(parse(path).dir, parse(path).name)
  return {
    video: found.isDirectory() ? `${stem}.h264` : path,
    audio: `${stem}.opus`,
    frameRate: frameRate ?? (await knownFrameRate(`${stem}.json`)) ?? usualFrameRate,
  }
}

async function readClip(path: string, paths: ClipPaths, video?: Buffer): Promise<Clip> {
  const { frameRate } = paths
  try {
    const audio = await readFile(paths.audio).catch(() => undefined)
    const pictures = video ?? (await readFile(paths.video))
    return buildClip({ video: pictures, frameRate, ...(audio && { audio }) })
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

/** The same pictures with other keyframes, at about the same bitrate. */
async function encodeAgain(paths: ClipPaths, interval: number, clip: Clip): Promise<Buffer> {
  const { size } = await stat(paths.video)
  const kilobits = Math.max(100, Math.round((size * 8) / clip.duration))
  const frames = Math.max(1, Math.round(interval * paths.frameRate))
  const parameters = `keyint=${frames}:min-keyint=${frames}:scenecut=0:bframes=0:aud=1`
  // biome-ignore format: an option and its value belong on one line
  const options = [
    '-v', 'error',
    '-r', String(paths.frameRate), '-f', 'h264', '-i', paths.video,
    '-c:v', 'libx264', '-preset', 'veryfast',
    '-b:v', `${kilobits}k`, '-maxrate', `${kilobits}k`, '-bufsize', `${kilobits}k`,
    '-x264-params', parameters, '-f', 'h264', 'pipe:1',
  ]
  try {
    const done = await run('ffmpeg', options, { encoding: 'buffer', maxBuffer: maxClipBytes })
    return done.stdout
  } catch (cause) {
    const has = `the clip has a keyframe every ${clip.keyframeInterval.toFixed(2)} s`
    throw new UsageError(
      `--keyframe-interval ${interval}: ${has}, and ffmpeg with libx264, which could change that, ` +
        'does not run: install it, or choose another --clip',
      { cause },
    )
  }
}
