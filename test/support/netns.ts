import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { run } from './child.ts'
import { type LineConditions, type LineCounters, LossyLine } from './lossy-line.ts'

/** One end of a line: a network namespace with a loopback and an address. */
export interface NetworkEnd {
  readonly namespace: string
  readonly address: string
}

interface PairEnd extends NetworkEnd {
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
  readonly near: PairEnd
  readonly far: PairEnd
  readonly #line: LossyLine

  private constructor(line: LossyLine, names: readonly [string, string]) {
    this.near = { namespace: names[0], address: '10.77.0.1', address6: 'fd77::1' }
    this.far = { namespace: names[1], address: '10.77.0.2', address6: 'fd77::2' }
    this.#line = line
  }

  static async make(options: { readonly seed?: number } = {}): Promise<NetworkPair> {
    removeLeftovers()
    const name = `${namespacePrefix}${process.pid}-${made++}`
    const names = [`${name}-a`, `${name}-b`] as const
    for (const namespace of names) await run('ip', ['netns', 'add', namespace])
    const [near, far] = names.map((namespace) => ({ namespace, device: 'line' }))
    const pair = new NetworkPair(await LossyLine.open(near!, far!, options.seed ?? 1), names)
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
    this.#line.setBoth(conditions)
  }

  set(direction: 'to-far' | 'to-near', conditions: LineConditions): void {
    this.#line.set(direction, conditions)
  }

  async counters(): Promise<{ readonly toFar: LineCounters; readonly toNear: LineCounters }> {
    return await this.#line.counters()
  }

  /** Takes the line down and removes both namespaces; what still runs inside loses its network. */
  async close(): Promise<void> {
    await this.#line.close()
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
