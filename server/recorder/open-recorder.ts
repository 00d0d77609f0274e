import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Clock } from '#core/clock.ts'
import { messageOf } from '#core/errors.ts'
import type { StreamName } from '#core/stream-name.ts'
import { Recordings, type RecordingsOptions } from '#recorder/live/recordings.ts'
import { SpoolFolder } from '#recorder/spool/spool-folder.ts'
import type { Streams } from '#relay/streams.ts'
import type { Config } from '#server/config.ts'

export interface RecorderParts {
  readonly config: Config
  readonly clock: Clock
  readonly scheduler: RecordingsOptions['scheduler']
  readonly streams: Streams
  readonly log: Logger
}

/** The recorder of a node, as the rest of it sees it. */
export interface Recorder {
  readonly recordings: Recordings
  /** A stream is published here. */
  published(name: StreamName): void
}

/** @returns undefined where settings ask for no HLS */
export function openRecorder(parts: RecorderParts): Recorder | undefined {
  const { config, clock, scheduler, streams, log } = parts
  if (config.HLS === 'off') return undefined
  const folder = join(config.DATA_DIR, 'hls')
  // Live playlists do not outlive their process, and nobody could name what is left of them.
  rmSync(join(folder, 'live'), { recursive: true, force: true })
  const spool = new SpoolFolder({
    folder,
    failed: (name, error) => log.error({ file: name, reason: messageOf(error) }, 'HLS not written'),
  })
  const recordings = new Recordings({ clock, scheduler, spool, window: config.HLS_WINDOW_SECONDS })
  return {
    recordings,
    published: (name) => {
      const stream = streams.get(name)
      if (stream) recordings.open(stream)
    },
  }
}
