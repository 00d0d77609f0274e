import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { Child } from './child.ts'
import { freePort } from './free-port.ts'
import type { NetworkEnd } from './netns.ts'

const program = '/usr/bin/redis-server'
/** Where nobody else can have it. */
const usualPort = 6379

/** Why there is no Redis to test with; `undefined` where there is one. */
export function redisUnavailable(): string | undefined {
  return existsSync(program)
    ? undefined
    : 'no redis-server; install it: apt-get install redis-server'
}

/** Debian's Redis, on a port of its own, that keeps nothing on the disk. */
export class RedisProcess {
  readonly port: number
  readonly #end: NetworkEnd | undefined
  readonly #folder = mkdtempSync(join(tmpdir(), 'tailrace-redis-'))
  #child: Child | undefined

  private constructor(port: number, end: NetworkEnd | undefined) {
    this.port = port
    this.#end = end
  }

  /** @param end a namespace of its own to run in; loopback without */
  static async start(end?: NetworkEnd): Promise<RedisProcess> {
    const server = new RedisProcess(end ? usualPort : await freePort(), end)
    await server.restart()
    return server
  }

  get url(): string {
    return `redis://${this.#address}:${this.port}`
  }

  get #address(): string {
    return this.#end?.address ?? '127.0.0.1'
  }

  /** Starts it, empty, on the same port. */
  async restart(): Promise<void> {
    const ready = Promise.withResolvers<void>()
    const settings = {
      port: String(this.port),
      bind: this.#address,
      // Without a password it would serve loopback alone.
      'protected-mode': 'no',
      dir: this.#folder,
      save: '',
      appendonly: 'no',
      daemonize: 'no',
    }
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
    const onLine = (line: string) => {
      if (line.includes('Ready to accept connections')) ready.resolve()
    }
    this.#child = new Child(program, args, { namespace: this.#end?.namespace, onLine })
    await this.#child.expect(ready.promise, 15_000, 'Redis to listen')
  }

  /** Ends it at once, with all that it holds. */
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

  /** Does something as a stranger would. */
  async as<T>(stranger: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(this.url)
    try {
      return await stranger(redis)
    } finally {
      redis.disconnect()
    }
  }

  async close(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
