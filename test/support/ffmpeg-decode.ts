import { spawnSync } from 'node:child_process'

/** What ffmpeg made of a file. */
export interface Decoded {
  /** MD5 of each frame, in its own pixel format. */
  readonly frames: readonly string[]
  /** In seconds, of each frame. */
  readonly times: readonly number[]
  /** What it complained of. */
  readonly complaints: string
}

/** Why nothing can be decoded here; undefined where ffmpeg is. */
export function ffmpegUnavailable(): string | undefined {
  return spawnSync('ffmpeg', ['-version']).error && 'ffmpeg is not installed'
}

/**
 * Decodes the video of a file with all frames as they are.
 *
 * @param format of ffmpeg, where bytes do not show it
 */
export function decodeVideo(input: Buffer | string, format?: string): Decoded {
  const { stdout, stderr, error } = spawnSync(
    'ffmpeg',
    [
      ...['-v', 'error', '-nostdin', ...(format ? ['-f', format] : [])],
      ...['-i', typeof input === 'string' ? input : 'pipe:0', '-map', '0:v:0'],
      ...['-fps_mode', 'passthrough', '-copyts', '-f', 'framemd5', '-'],
    ],
    { ...(typeof input !== 'string' && { input }), maxBuffer: 64 * 1024 * 1024 },
  )
  if (error) throw error
  const lines = stdout.toString().split('\n')
  const [, numerator = '1', denominator = '1'] =
    lines.map((line) => line.match(/^#tb 0: (\d+)\/(\d+)/)).find((match) => match !== null) ?? []
  const tick = Number(numerator) / Number(denominator)
  const rows = lines
    .filter((line) => line.length > 0 && !line.startsWith('#'))
    .map((line) => line.split(',').map((column) => column.trim()))
  return {
    frames: rows.map((row) => row.at(-1)!),
    times: rows.map((row) => Number(row[2]) * tick),
    complaints: stderr.toString(),
  }
}

/** Decodes the sound of a file. */
export function soundOf(input: Buffer): { readonly seconds: number; readonly complaints: string } {
  const { stdout, stderr, error } = spawnSync(
    'ffmpeg',
    [
      ...['-v', 'error', '-nostdin', '-i', 'pipe:0', '-map', '0:a:0'],
      ...['-ac', '1', '-ar', '8000', '-f', 's16le', '-'],
    ],
    { input, maxBuffer: 256 * 1024 * 1024 },
  )
  if (error) throw error
  return { seconds: stdout.length / 2 / 8000, complaints: stderr.toString() }
}
