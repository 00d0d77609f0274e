import { join } from 'node:path'
import { Child } from './child.ts'

export interface PacketWatchOptions {
  readonly whip: string
  readonly key: string
  /** Where the same packets are watched. */
  readonly wheps: readonly string[]
  /** At 30 a second; long enough for all to have joined and caught up. */
  readonly warmUpFrames: number
  readonly frames: number
  /** Frames; as OBS has it without. */
  readonly keyframeInterval?: number
}

const program = join(import.meta.dirname, 'packet-watch-process.ts')

/** Publishes, and notes when each packet reaches the viewers, who ask for nothing again. */
export class PacketWatch {
  readonly #child: Child
  readonly #options: PacketWatchOptions
  readonly #watching = Promise.withResolvers<void>()
  readonly #arrived = Promise.withResolvers<number[][]>()

  private constructor(namespace: string, options: PacketWatchOptions) {
    this.#options = options
    this.#child = new Child(process.execPath, [program], { namespace, ipc: true })
    this.#child.process.on('message', (message: 'watching' | (number | null)[][]) => {
      // NaN is null in JSON.
      if (message === 'watching') this.#watching.resolve()
      else this.#arrived.resolve(message.map((node) => node.map((at) => at ?? Number.NaN)))
    })
    this.#child.process.send(options)
  }

  /** Done when all viewers have joined; the packets to watch come when the warm-up is over. */
  static async start(namespace: string, options: PacketWatchOptions): Promise<PacketWatch> {
    const watch = new PacketWatch(namespace, options)
    await watch.#child.expect(watch.#watching.promise, 30_000, 'the viewers to join')
    return watch
  }

  /** @returns ms for each viewer and packet, of one clock; NaN for what never came */
  async arrivals(): Promise<number[][]> {
    const { warmUpFrames, frames } = this.#options
    const ms = (warmUpFrames + frames) * 34 + 30_000
    try {
      return await this.#child.expect(this.#arrived.promise, ms, 'the packets to arrive')
    } finally {
      await this.close()
    }
  }

  async close(): Promise<void> {
    await this.#child.stop('SIGKILL')
  }
}
