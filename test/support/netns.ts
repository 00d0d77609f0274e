import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { Child, run } from './child.ts'
import { compiled } from './compiled.ts'

/** One direction of a line. Everything is off by default. */
export interface LineConditions {
  /** One-way delay in ms. */
  readonly delayMs?: number
  /** Share of packets lost, 0 to 1, independent of one another. */
  readonly loss?: number
  /** Mbit/s; no limit without. */
  readonly rateMbps?: number
  /** Longest wait at the rate limit in ms; what would wait longer is dropped. */
  readonly queueMs?: number
  /** Loses every packet of UDP, as some firewalls do. */
  readonly noUdp?: boolean
  /** Loses every packet to or from this port. */
  readonly closedPort?: number
}

export interface LineCounters {
  readonly forwarded: number
  readonly lost: number
  readonly overflown: number
}

/** One end of a line: a network namespace with a loopback and one address each way. */
export interface NetworkEnd {
  readonly namespace: string
  readonly address: string
  readonly address6: string
}

/** Of the names of all namespaces; behind it stands the process that made one. */
export const namespacePrefix = 'tailrace-'
let made = 0

/** Why lines between namespaces cannot be made here; `undefined` where they can. */
export function netnsUnavailable(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces exist on Linux only'
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  if (!existsSync('/dev/net/tun')) return 'the kernel has no /dev/net/tun'
  for (const [tool, args] of [
    ['ip', ['-V']],
    ['cc', ['--version']],
  ] as const) {
    try {
      execFileSync(tool, args, { stdio: 'ignore' })
    } catch {
      return `"${tool}" is not installed (packages iproute2, gcc)`
    }
  }
  try {
    execFileSync('ip', ['netns', 'add', `${namespacePrefix}${process.pid}-try`], { stdio: 'pipe' })
    execFileSync('ip', ['netns', 'del', `${namespacePrefix}${process.pid}-try`], { stdio: 'pipe' })
  } catch {
    return 'making a network namespace is not permitted'
  }
  return undefined
}

/**
 * Two network namespaces joined by a line with delay, loss and a rate, each way on its own.
 *
 * Both ends always have the same addresses: nothing outside the pair can reach them.
 */
export class NetworkPair {
  readonly near: NetworkEnd
  readonly far: NetworkEnd
  readonly #line: Child
  #counters = Promise.withResolvers<string>()

  private constructor(names: readonly [string, string], seed: number) {
    this.near = { namespace: names[0], address: '10.77.0.1', address6: 'fd77::1' }
    this.far = { namespace: names[1], address: '10.77.0.2', address6: 'fd77::2' }
    this.#line = new Child(compiled('lossy-link'), [...names, String(seed)], {
      onLine: (line) => this.#counters.resolve(line),
    })
  }

  static async make(options: { readonly seed?: number } = {}): Promise<NetworkPair> {
    removeLeftovers()
    const name = `${namespacePrefix}${process.pid}-${made++}`
    const names = [`${name}-a`, `${name}-b`] as const
    for (const namespace of names) await run('ip', ['netns', 'add', namespace])
    const pair = new NetworkPair(names, options.seed ?? 1)
    await pair.#line.expect(pair.#counters.promise, 5000, 'the line to come up')
    for (const { namespace, address, address6 } of [pair.near, pair.far]) {
      const ip = (...args: string[]) => run('ip', ['-n', namespace, ...args])
      await ip('link', 'set', 'lo', 'up')
      await ip('addr', 'add', `${address}/24`, 'dev', 'line')
      await ip('addr', 'add', `${address6}/64`, 'dev', 'line', 'nodad')
      await ip('link', 'set', 'line', 'up', 'txqueuelen', '5000')
      // Browsers tell their own address by the default route, as a real host has one.
      await ip('route', 'add', 'default', 'dev', 'line')
    }
    return pair
  }

  /** Changes the conditions of both directions, also in mid-traffic. */
  setBoth(conditions: LineConditions): void {
    this.set('to-far', conditions)
    this.set('to-near', conditions)
  }

  set(direction: 'to-far' | 'to-near', conditions: LineConditions): void {
    const { delayMs = 0, loss = 0, rateMbps = 0, queueMs = 200 } = conditions
    const { noUdp = false, closedPort = 0 } = conditions
    const words = [delayMs * 1e3, loss * 1e6, rateMbps * 1e6, queueMs * 1e3].map(Math.round)
    const name = direction === 'to-far' ? 'ab' : 'ba'
    this.#line.process.stdin?.write(`${name} ${words.join(' ')} ${noUdp ? 1 : 0} ${closedPort}\n`)
  }

  async counters(): Promise<{ readonly toFar: LineCounters; readonly toNear: LineCounters }> {
    this.#counters = Promise.withResolvers()
    this.#line.process.stdin?.write('stats\n')
    const line = await this.#line.expect(this.#counters.promise, 5000, 'the counters of the line')
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = line.split(' ').map(Number)
    return {
      toFar: { forwarded: a, lost: b, overflown: c },
      toNear: { forwarded: d, lost: e, overflown: f },
    }
  }

  /** Takes the line down and removes both namespaces; what still runs inside loses its network. */
  async close(): Promise<void> {
    await this.#line.stop()
    for (const { namespace } of [this.near, this.far]) await run('ip', ['netns', 'del', namespace])
  }
}

/** Namespaces of runs that were killed; their names carry the process they belonged to. */
export function removeLeftovers(): void {
  if (!existsSync('/var/run/netns')) return
  for (const name of readdirSync('/var/run/netns')) {
    const owner = name.startsWith(namespacePrefix)
      ? name.slice(namespacePrefix.length).split('-')[0]
      : undefined
    if (owner === undefined || existsSync(`/proc/${owner}`)) continue
    execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' })
  }
}
