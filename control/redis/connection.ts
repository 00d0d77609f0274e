import { createHash } from 'node:crypto'
import { Redis } from 'ioredis'
import { type RedisScript, redisScripts } from './scripts.ts'

export interface RedisConnectionOptions {
  /** `redis://` or `rediss://`, with user, password and database as needed. */
  readonly url: string
  /** Of all keys and of the channel. */
  readonly prefix: string
  /** How long an answer may take, in ms. */
  readonly commandTimeout: number
  /** Between attempts to connect, at most, in ms. */
  readonly longestBackoff: number
  /** 0 to 1, for the jitter of those attempts. */
  readonly random: () => number
}

/** What a connection tells its owner. */
export interface RedisListener {
  /** Commands go through, and the channel is listened to, from now on. */
  ready(): void
  message(text: string): void
  /** What went wrong; the connection sees to itself. */
  failed(error: Error): void
}

/** Before the second attempt to connect, in ms; twice as long before each after it. */
const firstBackoff = 100

/** As `EVALSHA` names them: by text. */
const hashes = new Map(
  Object.values(redisScripts).map((text) => [text, createHash('sha1').update(text).digest('hex')]),
)

/**
 * One connection for commands and for the channel, so that both come in the order in which Redis
 * acted. It connects again for ever, and keeps nothing for then: out of reach, a command fails at
 * once, and one that waits too long ends the connection, as none behind it would fare better.
 */
export class RedisConnection {
  readonly #redis: Redis
  readonly #prefix: string
  readonly #listener: RedisListener
  #reachable = false
  #closed = false
  /** To connect, since it last was of use. */
  #attempts = 0

  constructor(options: RedisConnectionOptions, listener: RedisListener) {
    this.#prefix = options.prefix
    this.#listener = listener
    this.#redis = new Redis(options.url, {
      connectionName: 'tailrace-registry',
      connectTimeout: options.commandTimeout,
      commandTimeout: options.commandTimeout,
      // A server that stops answering while nothing is asked, too: every second there is.
      socketTimeout: 3 * options.commandTimeout,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      autoResubscribe: false,
      // A server that lets us in and then refuses what we need counts as one that is away.
      retryStrategy: () => {
        const longest = Math.min(firstBackoff * 2 ** this.#attempts++, options.longestBackoff)
        return longest * (0.5 + options.random() / 2)
      },
    })
    this.#redis.on('ready', () => void this.#begin())
    this.#redis.on('close', () => {
      this.#reachable = false
    })
    this.#redis.on('error', (error: Error) => this.#fail(error))
    this.#redis.on('message', (_channel: string, text: string) => listener.message(text))
  }

  get reachable(): boolean {
    return this.#reachable
  }

  /** @throws Error out of reach, or refused by Redis */
  async run(script: RedisScript, args: readonly (string | number)[]): Promise<unknown> {
    const text = redisScripts[script]
    return await this.#ask(async (redis) => {
      try {
        return await redis.evalsha(hashes.get(text)!, 1, this.#prefix, ...args)
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
        return await redis.eval(text, 1, this.#prefix, ...args)
      }
    })
  }

  /** The listed nodes. @throws Error */
  async nodes(): Promise<string[]> {
    return await this.#ask((redis) => redis.smembers(`${this.#prefix}nodes`))
  }

  /** What keys hold, as strings; `null` for one that is not there. @throws Error */
  async values(keys: readonly string[]): Promise<(string | null)[]> {
    if (keys.length === 0) return []
    return await this.#ask((redis) => redis.mget(keys.map((key) => this.#prefix + key)))
  }

  /** @throws Error */
  async hash(key: string): Promise<Record<string, string>> {
    return await this.#ask((redis) => redis.hgetall(this.#prefix + key))
  }

  close(): void {
    this.#closed = true
    this.#reachable = false
    this.#redis.disconnect()
  }

  async #begin(): Promise<void> {
    this.#reachable = true
    try {
      // Loaded first, so that no script is sent twice and comes after what was sent behind it.
      await Promise.all([
        this.#ask((redis) => redis.subscribe(`${this.#prefix}changes`)),
        ...Object.values(redisScripts).map((text) =>
          this.#ask((redis) => redis.script('LOAD', text)),
        ),
      ])
    } catch {
      this.#again()
      return
    }
    if (!this.#reachable) return
    this.#attempts = 0
    this.#listener.ready()
  }

  async #ask<T>(command: (redis: Redis) => Promise<T>): Promise<T> {
    if (!this.#reachable) throw new Error('Redis is out of reach')
    try {
      return await command(this.#redis)
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error))
      this.#fail(failure)
      if (failure.message === 'Command timed out') this.#again()
      throw failure
    }
  }

  #again(): void {
    if (!this.#reachable) return
    this.#reachable = false
    this.#redis.disconnect(true)
  }

  #fail(error: Error): void {
    if (!this.#closed) this.#listener.failed(error)
  }
}
