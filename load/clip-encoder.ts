import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const maxClipBytes = 512 * 1024 * 1024
const run = promisify(execFile)

/** What ffmpeg is to make of a clip. */
export interface Encoding {
  /** An `.h264` file. */
  readonly source: string
  /** Pictures per second. */
  readonly frameRate: number
  /** Pictures from one keyframe to the next. */
  readonly keyframeInterval: number
  readonly kilobits: number
  /** Of the picture's sides: 1 keeps them. */
  readonly scale: number
  /**
   * Pads with filler data to exactly `kilobits`, in constrained baseline: layers of one picture
   * then have one profile, and the rates that they are said to have.
   */
  readonly constantRate: boolean
}

/**
 * The same pictures at another size or rate, or with other keyframes.
 *
 * @throws Error when there is no ffmpeg with libx264, or it fails
 */
export async function encodeAgain(encoding: Encoding): Promise<Buffer> {
  const { source, frameRate, keyframeInterval, kilobits, scale, constantRate } = encoding
  const rate = `${kilobits}k`
  const keyframes = `keyint=${keyframeInterval}:min-keyint=${keyframeInterval}`
  const constant = constantRate ? ':nal-hrd=cbr:force-cfr=1' : ''
  // biome-ignore format: an option and its value belong on one line
  const options = [
    '-v', 'error',
    '-r', String(frameRate), '-f', 'h264', '-i', source,
    '-vf', `scale=trunc(iw*${scale}/2)*2:trunc(ih*${scale}/2)*2`,
    '-c:v', 'libx264', '-preset', 'veryfast', ...(constantRate ? ['-profile:v', 'baseline'] : []),
    '-b:v', rate, '-minrate', rate, '-maxrate', rate, '-bufsize', rate,
    '-x264-params', `${keyframes}:scenecut=0:bframes=0:aud=1${constant}`,
    '-f', 'h264', 'pipe:1',
  ]
  const done = await run('ffmpeg', options, { encoding: 'buffer', maxBuffer: maxClipBytes })
  return done.stdout
}
