import { copyFileSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeAgain } from '#load/clip-encoder.ts'
import { makeMedia } from './ffmpeg-media.ts'

export interface LayersOptions {
  /** Kbit/s of each layer, largest picture first. */
  readonly bitrates: readonly number[]
  /** Pictures from one keyframe to the next. */
  readonly keyframeInterval: number
}

const framesPerSecond = 25
const frames = 300

/**
 * A folder for `--clip` of the load tool: 1280x720 pictures that bear their numbers, and the same
 * at half and at a quarter of the sides. Made once for each set of options, as `makeMedia`'s are.
 */
export async function makeLayers({ bitrates, keyframeInterval }: LayersOptions): Promise<string> {
  const name = [...bitrates, 'g', keyframeInterval].join('-')
  const folder = join(tmpdir(), 'tailrace-test', `layers-v1-${name}`)
  if (existsSync(folder)) return folder
  const media = await makeMedia({
    framesPerSecond,
    frames,
    keyframeInterval,
    kilobitsPerSecond: bitrates[0]!,
  })
  const fresh = `${folder}.${process.pid}`
  mkdirSync(fresh, { recursive: true })
  const common = { source: media.video, frameRate: framesPerSecond, keyframeInterval }
  for (const [layer, kilobits] of bitrates.entries()) {
    const encoding = { ...common, kilobits, scale: 0.5 ** layer, constantRate: true }
    const file = layer === 0 ? 'clip.h264' : `clip-${layer}.h264`
    writeFileSync(join(fresh, file), await encodeAgain(encoding))
  }
  copyFileSync(media.audio, join(fresh, 'clip.opus'))
  writeFileSync(join(fresh, 'clip.json'), JSON.stringify({ video: { framesPerSecond } }))
  renameSync(fresh, folder)
  return folder
}
