import { setTimeout as sleep } from 'node:timers/promises'
import { createClientContext } from './client-connection.ts'
import { loadClip } from './clip-files.ts'
import type { PublishCommand } from './commands.ts'
import { NativeSink } from './native-sink.ts'
import { Publisher } from './publisher.ts'
import type { PublisherCounters } from './publisher-media.ts'

/** What one publisher came to. */
export interface PublishResult {
  readonly url: string
  readonly counters: PublisherCounters
  /** Why it gave up; undefined when it was ended by us. */
  readonly failure: string | undefined
}

/**
 * Publishes until the time is over or the signal comes, or every publisher has given up.
 *
 * @param say gets lines for people, without line ends
 * @throws UsageError when the clip cannot be had
 */
export async function publishClips(
  command: PublishCommand,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<PublishResult[]> {
  const clip = await loadClip({ ...command, path: command.clip })
  const seconds = (clip.duration / 1000).toFixed(1)
  const sound = clip.hasAudio ? 'sound' : 'no sound'
  const sizes = clip.layers > 1 ? `${clip.layers} layers, ` : ''
  const keyframes = `a keyframe every ${clip.keyframeInterval.toFixed(2)} s`
  say(`clip of ${seconds} s, ${sizes}${keyframes}, ${sound}`)
  const sink = command.native ? NativeSink.open() : { why: '--no-native was given' }
  const native = 'why' in sink ? undefined : sink
  const context = createClientContext({ ...command, sink: native })
  const allGone = new AbortController()
  const over = AbortSignal.any([signal, allGone.signal])
  const runs = command.urls.map(async (url) => {
    const publisher = new Publisher(context, {
      url,
      token: command.token,
      clip,
      as: command.as,
      marks: true,
      persistence: 'obs',
      onEvent: (event) => {
        if (event.kind === 'publishing') say(`publishing to ${url}`)
        else say(`${url}: ${event.why}; again in ${event.retryIn.toFixed(1)} s`)
      },
    })
    const failure = await publisher.run(over)
    if (failure !== undefined) say(`${url}: gave up: ${failure}`)
    return { url, counters: publisher.counters, failure }
  })
  const done = Promise.all(runs)
  if (command.duration !== undefined) {
    const timeUp = sleep(command.duration * 1000, undefined, { signal }).catch(() => {})
    await Promise.race([timeUp, done])
    allGone.abort()
  }
  const results = await done
  native?.close()
  context.http.close()
  return results
}

/** A line per publisher. */
export function formatPublishResults(results: readonly PublishResult[]): string {
  const lines = results.map(({ url, counters }) => {
    const { packets, bytes, keyframes, repaired, unrepairable, keyframeRequests } = counters
    const late = counters.lateTotal / Math.max(1, counters.frames)
    return (
      `${url}: ${packets} packets, ${(bytes / 1e6).toFixed(1)} MB, ${keyframes} keyframes; ` +
      `repaired ${repaired}, could not ${unrepairable}; ignored ${keyframeRequests} keyframe requests; ` +
      `frames late by ${late.toFixed(1)} ms on average, ${counters.lateWorst.toFixed(0)} ms at worst`
    )
  })
  return `${lines.join('\n')}\n`
}
