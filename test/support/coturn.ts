import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Child } from './child.ts'
import type { NetworkEnd } from './netns.ts'

const program = '/usr/bin/turnserver'
const config = join(import.meta.dirname, '..', '..', 'deploy', 'coturn', 'turnserver.conf')

export interface CoturnOptions {
  /** Runs in this namespace; on loopback without. */
  readonly end?: NetworkEnd | undefined
  readonly secrets: readonly string[]
  /** Besides its own, the only address that it relays to; none without. */
  readonly peer?: string
}

/** Of TURN (RFC 8656 §18.6): in a namespace it is always free. */
const defaultPort = 3478

/** Why there is no TURN server to test with; `undefined` where there is one. */
export function coturnUnavailable(): string | undefined {
  return existsSync(program) ? undefined : 'no turnserver; install it: apt-get install coturn'
}

/** Debian's coturn, with the configuration that we ship. */
export class Coturn {
  readonly address: string
  readonly port: number
  readonly #child: Child
  readonly #folder: string
  readonly #ready = Promise.withResolvers<void>()

  private constructor({ end, secrets, peer }: CoturnOptions, port: number) {
    this.address = end?.address ?? '127.0.0.1'
    this.port = port
    this.#folder = mkdtempSync(join(tmpdir(), 'tailrace-coturn-'))
    const settings = {
      'listening-ip': this.address,
      'relay-ip': this.address,
      'listening-port': String(port),
      'log-file': 'stdout',
      pidfile: join(this.#folder, 'pid'),
      userdb: join(this.#folder, 'db'),
      ...(peer !== undefined && { 'allowed-peer-ip': peer }),
    }
    this.#child = new Child(
      program,
      [
        ...['-c', config, '--no-tls', '--no-dtls', '--verbose'],
        ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
        ...secrets.map((secret) => `--static-auth-secret=${secret}`),
        ...(end ? [] : ['--allow-loopback-peers']),
      ],
      { namespace: end?.namespace, onLine: (line) => this.#read(line) },
    )
  }

  static async start(options: CoturnOptions): Promise<Coturn> {
    const coturn = new Coturn(options, options.end ? defaultPort : await freePort())
    await coturn.#child.expect(coturn.#ready.promise, 15_000, 'coturn to listen')
    return coturn
  }

  /** `turn:` addresses of it. */
  url(transport: 'udp' | 'tcp'): string {
    return `turn:${this.address}:${this.port}?transport=${transport}`
  }

  /** What it wrote last: with the usernames of those who came. */
  get lastWords(): string {
    return this.#child.lastWords
  }

  async close(): Promise<void> {
    await this.#child.stop('SIGTERM')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #read(line: string): void {
    // The last of its threads is up.
    if (/SQLite DB connection success/.test(line)) this.#ready.resolve()
  }
}

// Free for both, when it was looked at.
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const socket = createSocket('udp4')
  socket.bind(port, '127.0.0.1')
  await once(socket, 'listening')
  socket.close()
  server.close()
  await once(server, 'close')
  return port
}
