import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Child } from './child.ts'
import { freePort } from './free-port.ts'

const programs = ['/usr/sbin/nats-server', '/usr/bin/nats-server', '/usr/local/bin/nats-server']
const program = programs.find(existsSync)

/** Why there is no NATS to test with; `undefined` where there is one. */
export function natsUnavailable(): string | undefined {
  return program ? undefined : 'no nats-server; install it: apt-get install nats-server'
}

/** Debian's NATS with JetStream, on a port and a folder of its own. */
export class NatsProcess {
  readonly port: number
  readonly #token: string | undefined
  readonly #folder = mkdtempSync(join(tmpdir(), 'tailrace-nats-'))
  #child: Child | undefined

  private constructor(port: number, token: string | undefined) {
    this.port = port
    this.#token = token
  }

  /** @param token that clients must have */
  static async start(token?: string): Promise<NatsProcess> {
    const server = new NatsProcess(await freePort(), token)
    await server.restart()
    return server
  }

  get url(): string {
    const user = this.#token === undefined ? '' : `${this.#token}@`
    return `nats://${user}127.0.0.1:${this.port}`
  }

  /** Starts it on the same port, with what it had on the disk. */
  async restart(): Promise<void> {
    const ready = Promise.withResolvers<void>()
    const args = ['-js', '-a', '127.0.0.1', '-p', `${this.port}`, '-sd', this.#folder]
    if (this.#token !== undefined) args.push('--auth', this.#token)
    const child = new Child(program!, args)
    child.process.stderr!.on('data', (text: Buffer) => {
      if (text.includes('Server is ready')) ready.resolve()
    })
    this.#child = child
    await child.expect(ready.promise, 15_000, 'NATS to listen')
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    await this.#child?.stop('SIGKILL')
  }

  /** It stops answering, and its connections stay. */
  freeze(): void {
    this.#child?.process.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.process.kill('SIGCONT')
  }

  /** Takes away all that it has kept; to be done while it is down. */
  empty(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async close(): Promise<void> {
    await this.kill()
    this.empty()
  }
}
