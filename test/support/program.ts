import { spawnSync } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { onTestFinished } from 'vitest'
import { Child } from './child.ts'

/** Whether a program can be started here at all. */
export function isInstalled(command: string): boolean {
  return spawnSync(command, ['--version']).error === undefined
}

/** A child process that is talked with. It is killed with the test, however that ends. */
export class Program extends Child {
  readonly #heard = new EventEmitter<{ output: [] }>()
  #output = ''
  #ended = false

  constructor(command: string, args: readonly string[]) {
    super(command, args)
    for (const stream of [this.process.stdout!, this.process.stderr!]) {
      stream.on('data', (bytes: Buffer) => {
        this.#output += bytes.toString()
        this.#heard.emit('output')
      })
    }
    // A run that is broken off finishes no test.
    const kill = () => this.process.kill('SIGKILL')
    process.once('exit', kill)
    onTestFinished(async () => {
      await this.stop('SIGKILL')
    })
    this.process.on('close', () => {
      process.off('exit', kill)
      this.#ended = true
      this.#heard.emit('output')
    })
  }

  /** Waits for the output to match. @throws with that output where the program ends before */
  async until(pattern: RegExp): Promise<RegExpMatchArray> {
    for (;;) {
      const match = this.#output.match(pattern)
      if (match !== null) return match
      if (this.#ended) throw new Error(`ended without ${pattern}:\n${this.#output}`)
      await once(this.#heard, 'output')
    }
  }

  write(line: string): void {
    this.process.stdin!.write(line)
  }

  /** The UDP ports that the program has bound on IPv4: it was told to choose one itself. */
  udpPorts(): number[] {
    const { pid } = this.process
    const inodes = readdirSync(`/proc/${pid}/fd`).map((fd) => {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).match(/^socket:\[(\d+)\]$/)?.[1]
    })
    const table = readFileSync('/proc/net/udp', 'utf8').trim().split('\n').slice(1)
    return table
      .map((line) => line.trim().split(/\s+/))
      .filter((columns) => inodes.includes(columns[9]))
      .map((columns) => Number.parseInt(columns[1]!.split(':')[1]!, 16))
  }
}
