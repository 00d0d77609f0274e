import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import type { Program } from './plan.ts'

/** Takes the lines of a program, and what is said about it. */
export type Say = (name: string, line: string) => void

/** Between two attempts to connect to a program that is starting, in ms. */
const connectInterval = 50

/** A program of the plan, from its start to its end. */
export class RunningProgram {
  readonly program: Program
  /** Settles when it has ended, in whatever way, and all that it printed was said. */
  readonly ended: Promise<void>
  readonly #child: ChildProcess
  readonly #printed = Promise.withResolvers<void>()
  #hasEnded = false
  #fault: Error | undefined

  /** Starts it; `say` gets each line that it prints. */
  constructor(program: Program, say: Say) {
    this.program = program
    prepare(program)
    this.#child = spawn(program.command, program.args, {
      cwd: program.folder,
      env: { ...process.env, ...program.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // Out of the terminal's reach: its Ctrl-C would end all at once, not in order.
      detached: true,
    })
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => this.#take(line, say))
    }
    this.#child.on('error', (error) => {
      this.#fault = error
    })
    this.ended = new Promise((resolve) => {
      this.#child.on('close', () => {
        this.#hasEnded = true
        resolve()
      })
    })
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Absent where it could not be started at all. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  /** How it ended, in words. */
  get ending(): string {
    const { exitCode, signalCode } = this.#child
    if (this.#fault) return `could not be started: ${this.#fault.message}`
    return signalCode === null ? `ended with code ${exitCode}` : `ended by ${signalCode}`
  }

  /** @throws Error where it ends before it is ready, or `signal` says that it took too long */
  async ready(signal: AbortSignal): Promise<void> {
    const { name, ready } = this.program
    const stop = new AbortController()
    const either = AbortSignal.any([signal, stop.signal])
    const seen = 'line' in ready ? this.#printed.promise : answers(ready, either)
    const aborted = once(either, 'abort').then(() => undefined)
    try {
      await Promise.race([seen, this.ended, aborted])
    } finally {
      stop.abort()
    }
    if (this.#hasEnded) throw new Error(`${name} ${this.ending} before it was ready`)
    if (signal.aborted) throw new Error(`${name} is not ready yet, and was given up`)
  }

  /** Nothing happens where it has ended. */
  signal(signal: NodeJS.Signals): void {
    if (!this.#hasEnded) this.#child.kill(signal)
  }

  #take(line: string, say: Say): void {
    const { name, ready } = this.program
    if ('line' in ready && line.includes(ready.line)) this.#printed.resolve()
    say(name, line)
  }
}

function prepare({ folder, files = {} }: Program): void {
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
}

async function answers(
  { address, port }: { readonly address: string; readonly port: number },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const socket = connect(port, address)
    const connected = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (connected) return
    await delay(connectInterval)
  }
}
