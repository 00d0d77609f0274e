import { run } from './child.ts'
import { type LineConditions, LossyLine } from './lossy-line.ts'
import { type NetworkEnd, namespacePrefix, removeLeftovers } from './netns.ts'

/** A router, and the lines that end at it. */
interface Router {
  readonly namespace: string
  lines: number
}

interface Joined {
  readonly end: NetworkEnd
  /** From the host (near) to its router (far). */
  readonly line: LossyLine
}

/** The device of a namespace that leads to the rest of the world. */
const outwards = 'line'

let made = 0

/**
 * Hosts in regions: each a network namespace with an address and a line of its own to the router
 * of its region, each router with a line to the one in the middle. Nothing outside can reach them,
 * or is reached. Whatever happens to a line happens to those whose way leads over it.
 */
export class RoutedNetwork {
  readonly #core: Router
  readonly #seed: number
  readonly #regions = new Map<string, Router & { readonly line: LossyLine }>()
  readonly #hosts = new Map<string, Joined>()
  readonly #namespaces: string[] = []
  readonly #name = `${namespacePrefix}${process.pid}-net${made++}`

  private constructor(seed: number) {
    this.#seed = seed
    this.#core = { namespace: `${this.#name}-core`, lines: 0 }
  }

  /**
   * @param hosts names of the hosts of each region
   * @param seed of the losses
   */
  static async make(
    hosts: Readonly<Record<string, readonly string[]>>,
    seed = 1,
  ): Promise<RoutedNetwork> {
    removeLeftovers()
    const network = new RoutedNetwork(seed)
    try {
      await network.#addNamespace(network.#core.namespace, '10.80.255.254')
      for (const [region, names] of Object.entries(hosts)) {
        await network.#addRegion(region)
        for (const name of names) await network.#addHost(region, name)
      }
      return network
    } catch (error) {
      await network.close()
      throw error
    }
  }

  /** @throws Error for a name that was not given */
  end(host: string): NetworkEnd {
    return this.#joined(host).end
  }

  /** Conditions of the line of a host, both ways; what was set before is off. */
  setHost(host: string, conditions: LineConditions): void {
    this.#joined(host).line.setBoth(conditions)
  }

  /** The same for all that leads from a region to the others. */
  setRegion(region: string, conditions: LineConditions): void {
    const router = this.#regions.get(region)
    if (!router) throw new Error(`there is no region "${region}"`)
    router.line.setBoth(conditions)
  }

  async close(): Promise<void> {
    for (const { line } of this.#hosts.values()) await line.close()
    for (const { line } of this.#regions.values()) await line.close()
    for (const namespace of this.#namespaces) await run('ip', ['netns', 'del', namespace])
    this.#namespaces.length = 0
  }

  async #addRegion(region: string): Promise<void> {
    const number = this.#regions.size
    const namespace = `${this.#name}-${region}`
    await this.#addNamespace(namespace, `10.80.${number}.254`)
    const line = await this.#connect(namespace, this.#core, `10.80.${number}.0/24`)
    this.#regions.set(region, { namespace, lines: 0, line })
  }

  async #addHost(region: string, name: string): Promise<void> {
    const router = this.#regions.get(region)!
    const number = [...this.#regions.keys()].indexOf(region)
    const address = `10.80.${number}.${router.lines + 1}`
    const namespace = `${this.#name}-${name}`
    await this.#addNamespace(namespace)
    const line = await this.#connect(namespace, router, `${address}/32`, address)
    this.#hosts.set(name, { end: { namespace, address }, line })
  }

  // Errors of ICMP need an address to come from, which routers have on loopback.
  async #addNamespace(namespace: string, router?: string): Promise<void> {
    await run('ip', ['netns', 'add', namespace])
    this.#namespaces.push(namespace)
    await run('ip', ['-n', namespace, 'link', 'set', 'lo', 'up'])
    if (router === undefined) return
    await run('ip', ['-n', namespace, 'addr', 'add', `${router}/32`, 'dev', 'lo'])
    await run('sysctl', ['-qw', 'net.ipv4.ip_forward=1'], { namespace })
  }

  /** A line from a namespace to a router, which finds these addresses there. */
  async #connect(
    namespace: string,
    router: Router,
    addresses: string,
    own?: string,
  ): Promise<LossyLine> {
    const device = `to${router.lines++}`
    const far = { namespace: router.namespace, device }
    const seed = this.#seed + this.#namespaces.length
    const line = await LossyLine.open({ namespace, device: outwards }, far, seed)
    const near = (...args: string[]) => run('ip', ['-n', namespace, ...args])
    if (own !== undefined) await near('addr', 'add', `${own}/32`, 'dev', outwards)
    await near('link', 'set', outwards, 'up', 'txqueuelen', '5000')
    await near('route', 'add', 'default', 'dev', outwards)
    const there = (...args: string[]) => run('ip', ['-n', router.namespace, ...args])
    await there('link', 'set', device, 'up', 'txqueuelen', '5000')
    await there('route', 'add', addresses, 'dev', device)
    return line
  }

  #joined(host: string): Joined {
    const joined = this.#hosts.get(host)
    if (!joined) throw new Error(`there is no host "${host}"`)
    return joined
  }
}
