import type { Logger } from 'pino'
import type { Registry } from '#control/registry.ts'

const outOfReach = 'registry out of reach (TAILRACE_REDIS_URL): media goes on'

/**
 * Says in the log when the registry is lost and when it is back, once each, however many attempts
 * there were between.
 */
export class RegistryLog {
  readonly #log: Logger
  /** Absent while the first attempt lasts. */
  #connected: boolean | undefined
  #reason = ''
  #closed = false

  constructor(log: Logger) {
    this.#log = log
  }

  /** A command or an attempt to connect failed. */
  failed(error: Error): void {
    if (this.#closed) return
    this.#reason = reasonOf(error)
    this.#log.debug({ why: error.message }, 'registry')
  }

  /** To be called every second. */
  look({ connected, view }: Registry): void {
    const isConnecting = this.#connected === undefined && !connected && this.#reason === ''
    if (this.#connected === connected || isConnecting) return
    this.#connected = connected
    if (connected) this.#log.info({ nodes: view.nodes.size }, 'registry in reach')
    else this.#log.warn({ why: this.#reason }, outOfReach)
  }

  /** What fails from now on is no news. */
  close(): void {
    this.#closed = true
  }
}

// The message of a socket's error names addresses, which are for debugging. That of an answer
// (RESP errors) does not, and says what an operator must do.
function reasonOf(error: Error): string {
  if (error.name === 'ReplyError') return error.message
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
