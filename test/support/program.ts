import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Whether a program can be started here at all. */
export function isInstalled(command: string): boolean {
  return spawnSync(command, ['--version']).error === undefined
}

/** A child process that is read as it speaks, and killed with the test that started it. */
export class Program implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #spoke = new EventEmitter<{ output: [] }>()
  #output = ''
  #ended = false

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args)
    const hear = (text: Buffer) => {
      this.#output += text.toString()
      this.#spoke.emit('output')
    }
    this.#child.stdout.on('data', hear)
    this.#child.stderr.on('data', hear)
    this.#child.on('close', () => {
      this.#ended = true
      this.#spoke.emit('output')
    })
  }

  /** Everything written so far, to standard output and standard error. */
  get output(): string {
    return this.#output
  }

  /** Waits for the output to match. @throws with that output where the program ends before */
  async until(pattern: RegExp): Promise<RegExpMatchArray> {
    for (;;) {
      const match = this.#output.match(pattern)
      if (match !== null) return match
      if (this.#ended) throw new Error(`ended without ${pattern}:\n${this.#output}`)
      await once(this.#spoke, 'output')
    }
  }

  async ended(): Promise<void> {
    while (!this.#ended) await once(this.#spoke, 'output')
  }

  write(line: string): void {
    this.#child.stdin.write(line)
  }

  /** The UDP ports that the program has bound on IPv4: it was told to choose one itself. */
  udpPorts(): number[] {
    const { pid } = this.#child
    const inodes = readdirSync(`/proc/${pid}/fd`).map((fd) => {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).match(/^socket:\[(\d+)\]$/)?.[1]
    })
    return readFileSync('/proc/net/udp', 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((columns) => inodes.includes(columns[9]))
      .map((columns) => Number.parseInt(columns[1]!.split(':')[1]!, 16))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended()
  }
}
