import { existsSync } from 'node:fs'
import { Redis } from 'ioredis'
import { DaemonProcess } from './daemon-process.ts'
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
export class RedisProcess extends DaemonProcess {
  readonly port: number
  readonly #end: NetworkEnd | undefined

  private constructor(port: number, end: NetworkEnd | undefined) {
    super('redis')
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
    const settings = {
      port: String(this.port),
      bind: this.#address,
      // Without a password it would serve loopback alone.
      'protected-mode': 'no',
      dir: this.folder,
      save: '',
      appendonly: 'no',
      daemonize: 'no',
    }
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
    const ready = 'Ready to accept connections'
    await this.run({ program, args, ready, namespace: this.#end?.namespace })
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
}
