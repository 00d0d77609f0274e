import { run } from './child.ts'
import { type LineConditions, type LineEnd, LossyLine } from './lossy-line.ts'
import { type NetworkEnd, namespacePrefix, removeLeftovers } from './netns.ts'

/** A router, and the lines that end at it. */
interface Router extends NetworkEnd {
  lines: number
  /** Given to hosts of its region so far. */
  addresses: number
}

interface Joined {
  readonly region: string
  readonly end: NetworkEnd
  /** Of the router, towards the host. */
  readonly device: string
  /** From the host (near) to its router (far); undefined for a cable. */
  readonly line: LossyLine | undefined
}

export interface NetworkOptions {
  /** Of the losses. */
  readonly seed?: number
  /** The kernel's own virtual cables, which have no conditions to set and cost the least time. */
  readonly cables?: boolean
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
  readonly #options: NetworkOptions
  readonly #regions = new Map<string, Router & Pick<Joined, 'line'>>()
  readonly #hosts = new Map<string, Joined>()
  readonly #namespaces: string[] = []
  readonly #name = `${namespacePrefix}${process.pid}-net${made++}`

  private constructor(options: NetworkOptions) {
    this.#options = options
    this.#core = {
      namespace: `${this.#name}-core`,
      address: '10.80.255.254',
      lines: 0,
      addresses: 0,
    }
  }

  /** @param hosts names of the hosts of each region */
  static async make(
    hosts: Readonly<Record<string, readonly string[]>>,
    options: NetworkOptions = {},
  ): Promise<RoutedNetwork> {
    removeLeftovers()
    const network = new RoutedNetwork(options)
    try {
      await network.#addRouter(network.#core)
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
    setBoth(this.#joined(host).line, conditions)
  }

  /** The same for all that leads from a region to the others. */
  setRegion(region: string, conditions: LineConditions): void {
    const router = this.#regions.get(region)
    if (!router) throw new Error(`there is no region "${region}"`)
    setBoth(router.line, conditions)
  }

  /**
   * Gives a host another address in place of the one it had, as when a phone changes networks: what
   * it has open goes on from there, and what is sent to the old one reaches nobody.
   */
  async readdress(host: string): Promise<void> {
    const { region, end, device } = this.#joined(host)
    const router = this.#regions.get(region)!
    const address = this.#nextAddress(region)
    // The last address of a device takes the routes over it with it.
    await ip(end.namespace, 'addr', 'add', `${address}/32`, 'dev', outwards)
    await ip(end.namespace, 'addr', 'del', `${end.address}/32`, 'dev', outwards)
    await ip(router.namespace, 'route', 'del', end.address)
    await ip(router.namespace, 'route', 'add', address, 'dev', device)
    this.#hosts.set(host, { ...this.#joined(host), end: { ...end, address } })
  }

  async close(): Promise<void> {
    for (const { line } of this.#hosts.values()) await line?.close()
    for (const { line } of this.#regions.values()) await line?.close()
    for (const namespace of this.#namespaces) await run('ip', ['netns', 'del', namespace])
    this.#namespaces.length = 0
  }

  async #addRegion(region: string): Promise<void> {
    const number = this.#regions.size
    const namespace = `${this.#name}-${region}`
    const router = { namespace, address: `10.80.${number}.254`, lines: 0, addresses: 0 }
    await this.#addRouter(router)
    const line = await this.#connect(router, this.#core)
    const whole = [`10.80.${number}.0/24`, 'via', router.address]
    await ip(this.#core.namespace, 'route', 'add', ...whole)
    this.#regions.set(region, { ...router, line })
  }

  async #addHost(region: string, name: string): Promise<void> {
    const router = this.#regions.get(region)!
    const namespace = `${this.#name}-${name}`
    const end = { namespace, address: this.#nextAddress(region) }
    await this.#addNamespace(namespace)
    const device = `to${router.lines}`
    const line = await this.#connect(end, router)
    this.#hosts.set(name, { region, end, device, line })
  }

  #nextAddress(region: string): string {
    const number = [...this.#regions.keys()].indexOf(region)
    return `10.80.${number}.${++this.#regions.get(region)!.addresses}`
  }

  async #addRouter({ namespace, address }: Router): Promise<void> {
    await this.#addNamespace(namespace)
    await ip(namespace, 'addr', 'add', `${address}/32`, 'dev', 'lo')
    await run('sysctl', ['-qw', 'net.ipv4.ip_forward=1'], { namespace })
  }

  async #addNamespace(namespace: string): Promise<void> {
    await run('ip', ['netns', 'add', namespace])
    this.#namespaces.push(namespace)
    await ip(namespace, 'link', 'set', 'lo', 'up')
  }

  /** Lays a line, by which each of the two finds the other, and the first one all the rest. */
  async #connect(end: NetworkEnd, router: Router): Promise<Joined['line']> {
    const near = { namespace: end.namespace, device: outwards }
    const far = { namespace: router.namespace, device: `to${router.lines++}` }
    const { cables = false, seed = 1 } = this.#options
    const own = seed * 1000 + this.#namespaces.length
    const line = cables ? await layCable(near, far) : await LossyLine.open(near, far, own)
    await ip(end.namespace, 'addr', 'add', `${end.address}/32`, 'dev', outwards)
    for (const { namespace, device } of [near, far]) {
      await ip(namespace, 'link', 'set', device, 'up', 'txqueuelen', '5000')
    }
    await ip(far.namespace, 'route', 'add', end.address, 'dev', far.device)
    await ip(near.namespace, 'route', 'add', router.address, 'dev', outwards)
    await ip(near.namespace, 'route', 'add', 'default', 'via', router.address)
    return line
  }

  #joined(host: string): Joined {
    const joined = this.#hosts.get(host)
    if (!joined) throw new Error(`there is no host "${host}"`)
    return joined
  }
}

async function ip(namespace: string, ...words: string[]): Promise<void> {
  await run('ip', ['-n', namespace, ...words])
}

async function layCable(near: LineEnd, far: LineEnd): Promise<undefined> {
  const peer = ['type', 'veth', 'peer', 'name', far.device, 'netns', far.namespace]
  await ip(near.namespace, 'link', 'add', near.device, ...peer)
}

/** @throws Error for a cable, which has no conditions */
function setBoth(line: Joined['line'], conditions: LineConditions): void {
  if (!line) throw new Error('a cable has no conditions: make the network without `cables`')
  line.setBoth(conditions)
}
