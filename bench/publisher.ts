import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import type { PublishOrder } from './publisher-process.ts'

/** A publisher in a process of its own. */
export class Publisher {
  /** That it sends from. */
  readonly port: number
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
  }

  static async start(): Promise<Publisher> {
    const script = resolve(import.meta.dirname, 'publisher-process.ts')
    const child = fork(script, { serialization: 'advanced' })
    const [port] = (await once(child, 'message')) as [number]
    return new Publisher(child, port)
  }

  /** Resolves when it has been told, once only; `done` when all has been sent. */
  async publish(order: PublishOrder): Promise<{ readonly done: Promise<unknown> }> {
    const done = once(this.#child, 'exit')
    await new Promise((resolve) => this.#child.send(order, resolve))
    return { done }
  }
}
