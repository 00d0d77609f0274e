import { mkdtempSync, rmSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Child, type ChildExit, run } from './child.ts'
import type { NetworkEnd } from './netns.ts'

export interface ServerOptions {
  /** Runs in this namespace and announces its address; on loopback without. */
  readonly end?: NetworkEnd | undefined
  /** Loopback address to be reached at; 127.0.0.1 without. */
  readonly address?: string | undefined
  /** Words after `node server/main.ts`. */
  readonly flags?: readonly string[]
  /** Words before `server/main.ts`, for Node. */
  readonly nodeFlags?: readonly string[]
  /** More settings, with the prefix `TAILRACE_`. */
  readonly env?: Record<string, string>
  /** Gets every line that the server writes to its log. */
  readonly onLine?: ((line: string) => void) | undefined
}

interface Ports {
  readonly httpPort: number
  readonly mediaPort: number
  readonly metricsPort: number
}

/** Gauges and counters of `/metrics`, by name and labels as they are printed. */
export type Metrics = ReadonlyMap<string, number>

/** As scripts/start.js has them. */
const usualFlags = ['--max-semi-space-size=4']
/** Seven that start at once on two busy cores take long, in ms. */
const readyWithin = 40_000
const program = join(import.meta.dirname, '..', '..', 'server', 'main.ts')
const fetchProgram =
  "fetch(process.argv[1]).then(async (r) => process.stdout.write(r.status + ' ' + (await r.text())))"

/** The server under test, started as an operator would, on ports of its own choice. */
export class ServerProcess {
  /** Key that publishers send. */
  readonly key = 'e2e-publish-key'
  readonly address: string
  readonly #child: Child
  readonly #namespace: string | undefined
  readonly #folder: string
  readonly #ready = Promise.withResolvers<Ports>()
  #ports: Ports | undefined

  private constructor(options: ServerOptions) {
    const { end, env, flags = [], nodeFlags = [], address = '127.0.0.1', onLine } = options
    this.address = end?.address ?? address
    this.#namespace = end?.namespace
    this.#folder = mkdtempSync(join(tmpdir(), 'tailrace-data-'))
    this.#child = new Child(process.execPath, [...usualFlags, ...nodeFlags, program, ...flags], {
      namespace: this.#namespace,
      env: {
        ...withoutSettings(),
        TAILRACE_PRINT: 'json',
        TAILRACE_HTTP_PORT: '0',
        TAILRACE_MEDIA_PORT: '0',
        TAILRACE_METRICS_PORT: '0',
        TAILRACE_PUBLISH_KEY: this.key,
        TAILRACE_DATA_DIR: this.#folder,
        TAILRACE_PUBLIC_ADDRESS: this.address,
        TAILRACE_LOG_LEVEL: 'info',
        ...env,
      },
      onErrorLine: onLine,
      onLine: (line) => {
        const said = readPorts(line)
        if (said) this.#ready.resolve(said)
      },
    })
  }

  static async start(options: ServerOptions = {}): Promise<ServerProcess> {
    const server = new ServerProcess(options)
    try {
      server.#ports = await server.#child.expect(
        server.#ready.promise,
        readyWithin,
        'the server to be ready',
      )
      return server
    } catch (error) {
      await server.stop().catch(() => undefined)
      throw error
    }
  }

  get ports(): Ports {
    return this.#ports!
  }

  get pid(): number {
    return this.#child.process.pid!
  }

  get origin(): string {
    const host = isIPv6(this.address) ? `[${this.address}]` : this.address
    return `http://${host}:${this.ports.httpPort}`
  }

  /** Address and port of the media socket. */
  get media(): { readonly address: string; readonly port: number } {
    return { address: this.address, port: this.ports.mediaPort }
  }

  whip(stream: string): string {
    return `${this.origin}/whip/${stream}`
  }

  whep(stream: string): string {
    return `${this.origin}/whep/${stream}`
  }

  /** What the server wrote last. */
  get lastWords(): string {
    return this.#child.lastWords
  }

  get running(): boolean {
    return this.#child.running
  }

  /** The status of a stream as its JSON says it. */
  async status(stream: string): Promise<Record<string, unknown>> {
    const { status, body } = await this.get(`${this.origin}/api/v1/streams/${stream}`)
    if (status !== 200) throw new Error(`status of ${stream}: ${status} ${body}`)
    return JSON.parse(body)
  }

  async metrics(): Promise<Metrics> {
    const { body } = await this.get(`http://127.0.0.1:${this.ports.metricsPort}/metrics`)
    const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    return new Map(
      lines.map((line) => {
        const end = line.lastIndexOf(' ')
        return [line.slice(0, end), Number(line.slice(end + 1))]
      }),
    )
  }

  /** GET from where the server stands, inside its namespace. */
  async get(url: string): Promise<{ readonly status: number; readonly body: string }> {
    if (this.#namespace === undefined) {
      const response = await fetch(url)
      return { status: response.status, body: await response.text() }
    }
    const options = { namespace: this.#namespace, timeoutMs: 10_000 }
    const printed = await run(process.execPath, ['--eval', fetchProgram, url], options)
    return { status: Number(printed.slice(0, 3)), body: printed.slice(4) }
  }

  /** SIGTERM; fails when the process is still there after `ms`: 5 s on a machine that is idle. */
  async stop(ms = 15_000): Promise<ChildExit> {
    return await this.#end('SIGTERM', ms)
  }

  /** Ends it at once: one of a cluster would wait for sessions that nobody ended. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL', 5000)
  }

  async #end(signal: NodeJS.Signals, ms: number): Promise<ChildExit> {
    try {
      return await this.#child.stop(signal, ms)
    } finally {
      rmSync(this.#folder, { recursive: true, force: true })
    }
  }
}

// The server takes no unknown setting, and the tests have some under the same prefix.
function withoutSettings(): Record<string, undefined> {
  const names = Object.keys(process.env).filter((name) => name.startsWith('TAILRACE_'))
  return Object.fromEntries(names.map((name) => [name, undefined]))
}

function readPorts(line: string): Ports | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const said = JSON.parse(line)
    return said.ready === true ? said : undefined
  } catch {
    return undefined
  }
}
