import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { within } from './child.ts'
import { type ClockGeometry, clockGeometry, drawClock } from './clock-reader.ts'

export interface MediaOptions {
  readonly width?: number
  readonly height?: number
  readonly framesPerSecond?: number
  /** Pictures from one keyframe to the next; 250 at 30 a second is the default of OBS. */
  readonly keyframeInterval?: number
  /** Pictures in the clip, a whole number of intervals. */
  readonly frames?: number
  readonly kilobitsPerSecond?: number
}

/** A clip on disk: a byte stream of H264, an Ogg of Opus, and where its clock stands. */
export interface Media {
  /** H264 in Annex B, with access unit delimiters and no B-frames. */
  readonly video: string
  /** Opus in Ogg, 20 ms packets. */
  readonly audio: string
  readonly framesPerSecond: number
  readonly keyframeInterval: number
  readonly frames: number
  readonly clock: ClockGeometry
}

function hasFfmpeg(): boolean {
  try {
    execFileSync('ffmpeg', ['-version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** The clip of `npm start -- --demo`: the same clock and interval, a quarter of the bit rate. */
function demoMedia(): Media {
  const folder = join(import.meta.dirname, '..', '..', 'demo')
  const { video, audio, clock } = JSON.parse(readFileSync(join(folder, 'clip.json'), 'utf8'))
  const { framesPerSecond, keyframeInterval, frames } = video
  const files = { video: join(folder, video.file), audio: join(folder, audio.file) }
  return { ...files, framesPerSecond, keyframeInterval, frames, clock }
}

/**
 * Makes a clip as OBS would send it: constant bit rate, High profile, keyframes far apart, a
 * frame number in every picture. Made once for each set of options and kept in the temporary
 * folder. Without ffmpeg the bundled clip serves where any clip does.
 */
export async function makeMedia(options: MediaOptions = {}): Promise<Media> {
  if (!hasFfmpeg()) {
    if (Object.keys(options).length === 0) return demoMedia()
    throw new Error('"ffmpeg" is not installed, and this clip is not the bundled one')
  }
  const full = {
    width: 1280,
    height: 720,
    framesPerSecond: 30,
    keyframeInterval: 250,
    frames: 500,
    kilobitsPerSecond: 2500,
    ...options,
  }
  const { width, height, framesPerSecond, keyframeInterval, frames } = full
  const folder = join(tmpdir(), 'tailrace-test', `media-v4-${Object.values(full).join('-')}`)
  const clock = clockGeometry(width, height)
  const video = join(folder, 'clip.h264')
  const audio = join(folder, 'clip.opus')
  if (!existsSync(folder)) {
    const fresh = `${folder}.${process.pid}`
    mkdirSync(fresh, { recursive: true })
    await encodeVideo(join(fresh, 'clip.h264'), full, clock)
    encodeAudio(join(fresh, 'clip.opus'), frames / framesPerSecond)
    writeFileSync(join(fresh, 'clip.json'), JSON.stringify(full))
    renameSync(fresh, folder)
  }
  return { video, audio, framesPerSecond, keyframeInterval, frames, clock }
}

async function encodeVideo(
  path: string,
  options: Required<MediaOptions>,
  clock: ClockGeometry,
): Promise<void> {
  const { width, height, framesPerSecond, keyframeInterval, frames } = options
  const rate = `${options.kilobitsPerSecond}k`
  const input = `-f rawvideo -pix_fmt yuv420p -s ${width}x${height} -r ${framesPerSecond} -i -`
  const size = `-b:v ${rate} -minrate ${rate} -maxrate ${rate} -bufsize ${rate} -g ${keyframeInterval}`
  const codec = '-c:v libx264 -preset veryfast -profile:v high -pix_fmt yuv420p -bf 0'
  const x264 = `-x264-params aud=1:scenecut=0:nal-hrd=cbr:force-cfr=1:keyint_min=${keyframeInterval}`
  const args = `-v error -y ${input} ${codec} ${size} ${x264} -f h264`.split(' ')
  const ffmpeg = spawn('ffmpeg', [...args, path], { stdio: ['pipe', 'ignore', 'inherit'] })
  const exited = once(ffmpeg, 'exit')
  const picture = Buffer.alloc((width * height * 3) / 2, 128)
  for (let number = 0; number < frames; number++) {
    drawPicture(picture, number, { width, height })
    drawClock(picture, clock, number)
    if (!ffmpeg.stdin.write(Buffer.from(picture))) await once(ffmpeg.stdin, 'drain')
  }
  ffmpeg.stdin.end()
  await within(exited, 120_000, () => 'ffmpeg to encode the clip')
  if (ffmpeg.exitCode !== 0) throw new Error(`ffmpeg ended with ${ffmpeg.exitCode}`)
}

// A grainy scene that stands still makes keyframes as heavy as a camera's; a tile of noise that
// travels fills the bit rate between them.
function drawPicture(
  picture: Buffer,
  number: number,
  { width, height }: { readonly width: number; readonly height: number },
): void {
  let noise = 7
  const draw = (): number => {
    noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0
    return noise >>> 24
  }
  for (let y = 0; y < height; y += 2) {
    const row = y * width
    const shade = 60 + (y * 128) / height
    for (let x = 0; x < width; x += 4) {
      picture.fill(shade + (draw() >> 3), row + x, row + x + 4)
    }
    picture.copyWithin(row + width, row, row + width)
  }
  noise = (number * 2654435761) >>> 0
  const left = (number * 4) % (width / 2)
  for (let y = height / 2; y < (height * 3) / 4; y += 2) {
    for (let x = left; x < left + width / 3; x += 4) {
      picture.fill(draw(), y * width + x, y * width + x + 4)
    }
  }
}

function encodeAudio(path: string, seconds: number): void {
  const tone = `sine=frequency=440:sample_rate=48000:duration=${seconds}`
  const args = `-v error -y -f lavfi -i ${tone} -ac 2 -c:a libopus -b:a 96k -frame_duration 20`
  execFileSync('ffmpeg', [...args.split(' '), '-f', 'ogg', path], { stdio: 'inherit' })
}
