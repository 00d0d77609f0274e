import { loadavg } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { FollowingResult, SeenInterruption } from '#load/viewer-result.ts'
import { ClusterNetwork, type NodeId } from './cluster-network.ts'
import { makeMedia } from './ffmpeg-media.ts'
import { type LinkNote, readLinkNote } from './link-log.ts'
import { LoadTool } from './load-tool.ts'
import { WatchingPage, type WatchingReport } from './watching-pages.ts'

/** Releases by the version of the protocol between nodes that is their newest. */
export const oldRelease = 1
export const newRelease = 2

export interface RestartedOptions {
  readonly stream: string
  /** Which nodes there are; all without. */
  readonly nodes?: readonly NodeId[]
  /** Viewers of each edge: pages that decode, and sessions of the load tool. */
  readonly audience: Partial<Record<NodeId, { readonly pages: number; readonly sessions: number }>>
}

/** Something done to the cluster, and how the pages took it. Times in ms since the Unix epoch. */
export interface Step {
  readonly what: string
  readonly from: number
  readonly to: number
  readonly pages: readonly WatchingReport[]
}

/** Time for the others to hear of a node that is there again, in ms. */
const heardAfter = 2500
/** For a node that drains and ends, in ms. */
const stopWithin = 20_000

/**
 * A cluster with an audience that stays, whose nodes begin as one release and are replaced by the
 * next one by one.
 */
export class RestartedCluster {
  readonly cluster: ClusterNetwork
  readonly publisher: LoadTool
  /** Of links opened, those whose version was not the newest that both ends speak. */
  readonly misunderstood: LinkNote[] = []
  /** Pairs of releases that had a link, child first, and the version spoken on it. */
  readonly spoken = new Set<string>()
  readonly steps: Step[] = []
  readonly #pages: WatchingPage[] = []
  readonly #tools: LoadTool[] = []
  readonly #releases: Map<string, number>

  private constructor(
    cluster: ClusterNetwork,
    releases: Map<string, number>,
    { stream }: RestartedOptions,
  ) {
    this.cluster = cluster
    this.#releases = releases
    const ingest = cluster.node('ingest-1')
    const args = ['--publish', '--url', ingest.whip(stream), '--token', ingest.key]
    const clip = ['--clip', cluster.media.video]
    this.publisher = new LoadTool([...args, ...clip], cluster.network.end('publisher'))
  }

  /** Done when all watch. */
  static async open(options: RestartedOptions): Promise<RestartedCluster> {
    const media = await makeMedia({ width: 320, height: 180, kilobitsPerSecond: 300 })
    const releases = new Map<string, number>()
    let restarted: RestartedCluster | undefined
    const early: LinkNote[] = []
    const cluster = await ClusterNetwork.open({
      media,
      ...(options.nodes && { nodes: options.nodes }),
      release: oldRelease,
      onLine: (id, line) => {
        const note = readLinkNote(id, line)
        if (!note) return
        if (restarted) restarted.#noteLink(note)
        else early.push(note)
      },
    })
    restarted = new RestartedCluster(cluster, releases, options)
    try {
      for (const note of early) restarted.#noteLink(note)
      await restarted.publisher.says(/^publishing to/)
      await restarted.#seat(options)
    } catch (error) {
      await restarted.close()
      throw error
    }
    return restarted
  }

  /** Stops a node as an update does, and starts it again as the next release. */
  async restart(id: NodeId): Promise<Step> {
    return await this.during(`restart of ${id}`, async () => {
      const { afterMs, code } = await this.cluster.node(id).stop(stopWithin)
      process.stdout.write(`${id} ended with ${code} after ${afterMs.toFixed(0)} ms\n`)
      this.#releases.set(id, newRelease)
      await this.cluster.start(id, newRelease)
    })
  }

  /** Lets something happen, and waits until everybody watches again. */
  async during(what: string, happens: () => Promise<unknown>): Promise<Step> {
    for (const page of this.#pages) await page.mark()
    const from = Date.now()
    await happens()
    await delay(heardAfter)
    for (const page of this.#pages) await page.live()
    const pages = await Promise.all(this.#pages.map((page) => page.report()))
    const step = { what, from, to: Date.now(), pages }
    this.steps.push(step)
    const freeze = Math.max(...pages.map((page) => page.freeze))
    const states = [...new Set(pages.flatMap((page) => page.states))]
    const load = loadavg()[0]!.toFixed(1)
    process.stdout.write(
      `${what}: ${pages.length} pages, longest freeze ${freeze.toFixed(0)} ms, states ${states}; ` +
        `load average ${load}\n`,
    )
    return step
  }

  /** Ends the sessions; how each fared. @throws Error where one has no picture at its end */
  async sessions(): Promise<FollowingResult[]> {
    const reports = await Promise.all(this.#tools.map((tool) => tool.report()))
    const failed = reports.flatMap(({ failures }) => Object.keys(failures))
    if (failed.length > 0) throw new Error(`sessions failed: ${failed}`)
    const viewers = reports.flatMap(({ following }) => following?.viewers ?? [])
    const sessions = viewers.reduce((sum, each) => sum + each.sessions, 0)
    const lost = reports.reduce((sum, { reception }) => sum + reception.lost, 0)
    const all = `${viewers.length} viewers of the load tool, ${sessions} sessions`
    process.stdout.write(`${all}, ${lost} packets lost\n`)
    return viewers
  }

  async close(): Promise<void> {
    await Promise.all([...this.#tools, this.publisher].map((tool) => tool.close()))
    await this.cluster.close()
  }

  async #seat({ audience, stream }: RestartedOptions): Promise<void> {
    for (const [edge, { pages, sessions }] of Object.entries(audience)) {
      const id = edge as NodeId
      const host = id === 'edge-1' ? 'viewers-a' : 'viewers-b'
      const { origin } = this.cluster.node(id)
      for (let i = 0; i < pages; i++) {
        const browser = await this.cluster.browser(host)
        this.#pages.push(await WatchingPage.open(browser, `${origin}/watch/${stream}`))
      }
      const end = this.cluster.network.end(host)
      const many = ['--viewers', String(sessions), '--ramp', '20', '--duration', '3600']
      const url = ['--url', this.cluster.node(id).whep(stream), '--follow', '--decrypt', '1000']
      this.#tools.push(new LoadTool([...url, ...many], end))
    }
    const total = Object.values(audience).reduce((sum, { sessions }) => sum + sessions, 0)
    await this.#haveJoined(total)
  }

  async #haveJoined(total: number): Promise<void> {
    const counted = async () => {
      const names = Object.keys({ 'edge-1': 0, 'edge-2': 0, 'edge-3': 0 }) as NodeId[]
      const figures = names.map((id) => this.#viewersAt(id))
      return (await Promise.all(figures)).reduce((sum, viewers) => sum + viewers, 0)
    }
    const deadline = Date.now() + 30_000
    while ((await counted()) < total + this.#pages.length) {
      if (Date.now() > deadline) throw new Error(`${await counted()} of ${total} sessions joined`)
      await delay(200)
    }
    // Their replays end, and they have heard of the other edges.
    await delay(2000)
  }

  async #viewersAt(id: NodeId): Promise<number> {
    if (!this.cluster.has(id)) return 0
    return (await this.cluster.node(id).metrics()).get('tailrace_viewers{tenant="default"}') ?? 0
  }

  #noteLink(note: LinkNote): void {
    const { node, side, other, version } = note
    if (version === undefined) return
    const own = this.#releases.get(node) ?? oldRelease
    const others = this.#releases.get(other) ?? oldRelease
    if (version !== Math.min(own, others)) this.misunderstood.push(note)
    const [child, parent] = side === 'parent' ? [own, others] : [others, own]
    this.spoken.add(`${child} to ${parent} by ${version}`)
  }
}

/** The longest time, in ms, for which a picture stood still during the step, and why. */
export function longestIn(
  step: Step,
  viewers: readonly FollowingResult[],
): Pick<SeenInterruption, 'ms' | 'cause'> | undefined {
  return viewers
    .flatMap(({ interruptions }) => interruptions)
    .filter(({ at, ms }) => at + ms >= step.from && at < step.to)
    .toSorted((a, b) => b.ms - a.ms)[0]
}
