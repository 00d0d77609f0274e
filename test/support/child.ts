import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

/** How a child process ended. `afterMs` counts from the request to stop. */
export interface ChildExit {
  readonly code: number | undefined
  readonly signal: string | undefined
  readonly afterMs: number
}

export interface ChildOptions {
  /** Network namespace to run in (`ip netns`); the caller's own without. */
  readonly namespace?: string | undefined
  readonly env?: Record<string, string | undefined>
  /** Opens a message channel to a Node child. */
  readonly ipc?: boolean
  /** Called with every line the child writes to stdout. */
  readonly onLine?: (line: string) => void
  /** The same of stderr. */
  readonly onErrorLine?: ((line: string) => void) | undefined
}

/** Lines of output kept for the message of a failure. */
const keptLines = 60

/** Fails with `what` in the message unless `promise` settles within `ms`. */
export async function within<T>(promise: Promise<T>, ms: number, what: () => string): Promise<T> {
  const stop = new AbortController()
  const late = delay(ms, undefined, { signal: stop.signal }).then(() => {
    throw new Error(`waited ${ms} ms for ${what()}`)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    stop.abort()
    late.catch(() => undefined)
  }
}

/** The command line that runs `file` inside a network namespace. */
function commandIn(
  namespace: string | undefined,
  file: string,
  args: readonly string[],
): [file: string, args: string[]] {
  if (namespace === undefined) return [file, [...args]]
  return ['ip', ['netns', 'exec', namespace, file, ...args]]
}

/** A child process that is always ended, and whose last words are kept. */
export class Child {
  readonly process: ChildProcess
  /** Rejects when the program cannot be started. */
  readonly exited: Promise<void>
  readonly #lines: string[] = []
  readonly #name: string

  constructor(file: string, args: readonly string[], options: ChildOptions = {}) {
    this.#name = `${file} ${args[0] ?? ''}`.trim()
    const [command, commandArgs] = commandIn(options.namespace, file, args)
    this.process = spawn(command, commandArgs, {
      stdio: ['pipe', 'pipe', 'pipe', options.ipc ? 'ipc' : 'ignore'],
      env: { ...process.env, ...options.env },
    })
    this.exited = once(this.process, 'exit').then(() => undefined)
    this.exited.catch(() => undefined)
    // The child may be gone before its input is closed.
    this.process.stdin?.on('error', () => undefined)
    for (const stream of [this.process.stdout!, this.process.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.#lines.push(line)
        if (this.#lines.length > keptLines) this.#lines.shift()
        if (stream === this.process.stdout) options.onLine?.(line)
        else options.onErrorLine?.(line)
      })
    }
  }

  get running(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null
  }

  /** What the child wrote last, both streams. */
  get lastWords(): string {
    return this.#lines.join('\n')
  }

  /** Waits for `promise`, but no longer than the child lives or `ms`. */
  async expect<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
    const ended = this.exited.then(() => {
      throw new Error(`${this.#name} ended before ${what}:\n${this.lastWords}`)
    })
    ended.catch(() => undefined)
    return within(Promise.race([promise, ended]), ms, () => `${what}:\n${this.lastWords}`)
  }

  /** Sends `signal` and waits; a child still there after `ms` is killed and the call fails. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', ms = 10_000): Promise<ChildExit> {
    const start = performance.now()
    if (this.running) {
      this.process.kill(signal)
      try {
        await within(this.exited, ms, () => `${this.#name} to end on ${signal}`)
      } catch (error) {
        this.process.kill('SIGKILL')
        await this.exited
        throw error
      }
    }
    return {
      code: this.process.exitCode ?? undefined,
      signal: this.process.signalCode ?? undefined,
      afterMs: performance.now() - start,
    }
  }
}

/** Runs a program to its end and gives its stdout; fails with its stderr. */
export async function run(
  file: string,
  args: readonly string[],
  options: ChildOptions & { readonly timeoutMs?: number } = {},
): Promise<string> {
  const lines: string[] = []
  const child = new Child(file, args, { ...options, onLine: (line) => lines.push(line) })
  child.process.stdin?.end()
  const closed = once(child.process, 'close')
  const timeoutMs = options.timeoutMs ?? 60_000
  await within(closed, timeoutMs, () => `${file}:\n${child.lastWords}`)
  if (child.process.exitCode !== 0) {
    throw new Error(`${file} ${args.join(' ')} failed:\n${child.lastWords}`)
  }
  return lines.join('\n')
}
