import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { Child } from './child.ts'

/** How to start a daemon. */
export interface DaemonCommand {
  readonly program: string
  readonly args: readonly string[]
  /** What it writes when it listens. */
  readonly ready: string
  /** To run in; this one without. */
  readonly namespace?: string | undefined
}

/** A server that a spec starts, stops in many ways and starts again, with a folder of its own. */
export class DaemonProcess {
  readonly folder: string
  #child: Child | undefined

  constructor(name: string) {
    this.folder = mkdtempSync(join(tmpdir(), `tailrace-${name}-`))
  }

  /** Done when it listens. */
  async run({ program, args, ready, namespace }: DaemonCommand): Promise<void> {
    const listens = Promise.withResolvers<void>()
    const child = new Child(program, args, { namespace })
    for (const output of [child.process.stdout!, child.process.stderr!]) {
      output.on('data', (text: Buffer) => {
        if (text.includes(ready)) listens.resolve()
      })
    }
    this.#child = child
    await child.expect(listens.promise, 15_000, `${program} to listen`)
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    await this.#child?.stop('SIGKILL')
  }

  /** It stops answering, and its connections stay. Done when none of its threads runs any more. */
  async freeze(): Promise<void> {
    this.#child?.process.kill('SIGSTOP')
    const tasks = `/proc/${this.#child?.process.pid}/task`
    const runs = (task: string) =>
      !/^State:\tT/m.test(readFileSync(`${tasks}/${task}/status`, 'utf8'))
    while (readdirSync(tasks).some(runs)) await setImmediate()
  }

  thaw(): void {
    this.#child?.process.kill('SIGCONT')
  }

  /** Takes away all that it has kept; to be done while it is down. */
  empty(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  async close(): Promise<void> {
    await this.kill()
    this.empty()
  }
}
