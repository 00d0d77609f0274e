import { existsSync } from 'node:fs'
import { DaemonProcess } from './daemon-process.ts'
import { freePort } from './free-port.ts'

const programs = ['/usr/sbin/nats-server', '/usr/bin/nats-server', '/usr/local/bin/nats-server']
const program = programs.find(existsSync)

/** Why there is no NATS to test with; `undefined` where there is one. */
export function natsUnavailable(): string | undefined {
  return program ? undefined : 'no nats-server; install it: apt-get install nats-server'
}

/** Debian's NATS with JetStream, on a port and a folder of its own. */
export class NatsProcess extends DaemonProcess {
  readonly port: number
  readonly #token: string | undefined

  private constructor(port: number, token: string | undefined) {
    super('nats')
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
    const args = ['-js', '-a', '127.0.0.1', '-p', `${this.port}`, '-sd', this.folder]
    if (this.#token !== undefined) args.push('--auth', this.#token)
    await this.run({ program: program!, args, ready: 'Server is ready' })
  }
}
