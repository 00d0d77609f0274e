import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientContext } from '#load/client-connection.ts'
import { loadClip } from '#load/clip-files.ts'
import { Publisher } from '#load/publisher.ts'

export interface PublisherOptions {
  readonly url: string
  readonly token: string | undefined
  readonly signal: AbortSignal
}

const patience = 10_000

/** The stream that WHEP is tried with: the load tool's own publisher, with the bundled clip. */
export class LivePublisher {
  readonly #ending = new AbortController()
  readonly #run: Promise<string | undefined>
  readonly #started = Promise.withResolvers<true>()

  private constructor(
    context: ClientContext,
    options: PublisherOptions,
    clip: Awaited<ReturnType<typeof loadClip>>,
  ) {
    const publisher = new Publisher(context, {
      url: options.url,
      token: options.token,
      clip,
      as: 'browser',
      // What was tried before may have been as much as the server takes for now.
      persistence: 'always',
      onEvent: ({ kind }) => {
        if (kind === 'publishing') this.#started.resolve(true)
      },
    })
    this.#run = publisher.run(AbortSignal.any([options.signal, this.#ending.signal]))
  }

  static async start(context: ClientContext, options: PublisherOptions): Promise<LivePublisher> {
    return new LivePublisher(context, options, await loadClip({}))
  }

  /** Whether the server has taken it. */
  started(): Promise<boolean> {
    const late = sleep(patience, false, { ref: false })
    return Promise.race([this.#started.promise, late])
  }

  async stop(): Promise<void> {
    this.#ending.abort()
    await this.#run
  }
}
