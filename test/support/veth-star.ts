import { execFileSync } from 'node:child_process'
import { run } from './child.ts'
import { namespacePrefix, netnsUnavailable, removeLeftovers } from './netns.ts'

/** One arm of a star: a network namespace at the far end of a virtual cable. */
export interface VethArm {
  readonly namespace: string
  /** Of the far end. */
  readonly address: string
  /** Of the hub on this cable. */
  readonly hubAddress: string
}

let made = 0

/** Bytes that a line of a rate takes at once: three whole packets. */
const bucket = 4_600

/** Why virtual cables cannot be made here; `undefined` where they can. */
export function vethUnavailable(): string | undefined {
  const without = netnsUnavailable()
  if (without) return without
  try {
    execFileSync('tc', ['-V'], { stdio: 'ignore' })
  } catch {
    return '"tc" is not installed (package iproute2)'
  }
  return undefined
}

/**
 * A hub with a virtual cable to each of several namespaces: real queues of the kernel, that fill
 * and push back as those of a network card do. Nothing outside can reach them, or is reached.
 */
export class VethStar {
  readonly hub: string
  readonly arms: readonly VethArm[]

  private constructor(hub: string, arms: readonly VethArm[]) {
    this.hub = hub
    this.arms = arms
  }

  static async make(arms: number): Promise<VethStar> {
    removeLeftovers()
    const name = `${namespacePrefix}${process.pid}-star${made++}`
    const star = new VethStar(
      `${name}-hub`,
      Array.from({ length: arms }, (_, i) => ({
        namespace: `${name}-${i}`,
        address: `10.78.${i}.2`,
        hubAddress: `10.78.${i}.1`,
      })),
    )
    for (const namespace of [star.hub, ...star.arms.map((arm) => arm.namespace)]) {
      await run('ip', ['netns', 'add', namespace])
      await run('ip', ['-n', namespace, 'link', 'set', 'lo', 'up'])
    }
    for (const [i, arm] of star.arms.entries()) await star.#connect(i, arm)
    return star
  }

  async #connect(i: number, { namespace, address, hubAddress }: VethArm): Promise<void> {
    const hub = (...args: string[]) => run('ip', ['-n', this.hub, ...args])
    const far = (...args: string[]) => run('ip', ['-n', namespace, ...args])
    const peer = ['peer', 'name', 'cable', 'netns', namespace]
    await hub('link', 'add', `arm${i}`, 'type', 'veth', ...peer)
    await hub('addr', 'add', `${hubAddress}/24`, 'dev', `arm${i}`)
    await far('addr', 'add', `${address}/24`, 'dev', 'cable')
    await hub('link', 'set', `arm${i}`, 'up')
    await far('link', 'set', 'cable', 'up')
  }

  /** Limits what leaves the hub by an arm, and lets far more wait there than a socket may hold. */
  async limit(arm: number, mbps: number): Promise<void> {
    await this.#limit(arm, ['rate', `${mbps}mbit`, 'burst', '20k', 'limit', '64mb'])
  }

  /**
   * Limits what leaves the hub by an arm, as a subscriber's line does. What waits stays when the
   * rate changes.
   *
   * @param queueMs longest wait; what would wait longer is dropped
   */
  async shape(arm: number, mbps: number, queueMs: number): Promise<void> {
    // The same bucket at every rate: a segmented train that waits, and is longer than the bucket
    // has become meanwhile, would block the line for ever.
    const rate = ['rate', `${Math.round(mbps * 1000)}kbit`, 'burst', String(bucket)]
    await this.#limit(arm, [...rate, 'latency', `${queueMs}ms`])
  }

  /** Browsers tell their own address by the default route, as a real host has one. */
  async routeArms(): Promise<void> {
    for (const { namespace, hubAddress } of this.arms) {
      await run('ip', ['-n', namespace, 'route', 'add', 'default', 'via', hubAddress])
    }
  }

  async #limit(arm: number, tbf: readonly string[]): Promise<void> {
    const args = ['qdisc', 'replace', 'dev', `arm${arm}`, 'root', 'tbf', ...tbf]
    await run('tc', ['-n', this.hub, ...args])
  }

  /** Longest packet of an arm, in bytes. The far end still takes longer ones. */
  async setMtu(arm: number, bytes: number): Promise<void> {
    await run('ip', ['-n', this.hub, 'link', 'set', `arm${arm}`, 'mtu', String(bytes)])
  }

  async close(): Promise<void> {
    for (const namespace of [this.hub, ...this.arms.map((arm) => arm.namespace)]) {
      await run('ip', ['netns', 'del', namespace])
    }
  }
}
