import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ViewerStatus } from '#relay/viewer-status.ts'
import { Child } from './child.ts'
import { type LayersOptions, makeLayers } from './layered-media.ts'
import { SampledViewer, sizesOf } from './sampled-viewer.ts'
import { ServerProcess } from './server-process.ts'
import { VethStar } from './veth-star.ts'

export interface RigOptions extends LayersOptions {
  readonly viewers: number
  /** Mbit/s of every line at first. */
  readonly mbps: number
  readonly as?: 'obs' | 'browser'
  /** More settings of the server, with the prefix `TAILRACE_`. */
  readonly env?: Record<string, string>
}

/** What the server told of its viewers, in the order in which they joined. */
export interface ToldViewers {
  /** Ms since 1970. */
  readonly at: number
  readonly viewers: readonly ViewerStatus[]
}

/** Longest wait in the queue of a line, in ms: a router's at home. */
const queueMs = 200
const statusInterval = 200
const storyStep = 500
/** Ms. */
const notableGap = 150
const folder = import.meta.dirname
const loadTool = join(folder, '..', '..', 'load', 'main.ts')
const stream = 'adaptation'

/** Ms since 1970, by the clock that pages and programs of this machine share. */
export const wall = (): number => performance.timeOrigin + performance.now()

/**
 * A server and a publisher of layers in one network namespace, and viewers in real browsers, each
 * behind a line of its own whose rate may change: token buckets of the kernel.
 */
export class AdaptationRig {
  readonly server: ServerProcess
  readonly viewers: readonly SampledViewer[]
  readonly told: readonly ToldViewers[]
  readonly #star: VethStar
  readonly #parts: AsyncDisposableStack
  /** Changes of the lines' rates, by viewer. */
  readonly #rates = new Map<number, { readonly at: number; readonly mbps: number }[]>()

  private constructor(parts: Pick<AdaptationRig, 'server' | 'viewers' | 'told'> & RigParts) {
    this.server = parts.server
    this.viewers = parts.viewers
    this.told = parts.told
    this.#star = parts.star
    this.#parts = parts.parts
  }

  /** Done when every viewer has joined. */
  static async open(options: RigOptions): Promise<AdaptationRig> {
    const clip = await makeLayers(options)
    await using parts = new AsyncDisposableStack()
    const star = parts.adopt(await VethStar.make(options.viewers), (made) => made.close())
    await star.routeArms()
    for (const arm of star.arms.keys()) await star.shape(arm, options.mbps, queueMs)
    const end = { namespace: star.hub, address: star.arms[0]!.hubAddress }
    const server = await ServerProcess.start({ end, env: options.env ?? {} })
    parts.defer(async () => void (await server.stop()))
    const publisher = await publish(server, star.hub, clip, options)
    parts.defer(async () => void (await publisher.stop()))
    const viewers: SampledViewer[] = []
    // One after the other, so that the server's list has their order.
    for (const { namespace } of star.arms) {
      const viewer = await SampledViewer.open(namespace, server.whep(stream))
      parts.defer(() => viewer.close())
      viewers.push(viewer)
    }
    const told: ToldViewers[] = []
    const watching = watchStatus(server, star.hub, told)
    parts.defer(async () => void (await watching.stop()))
    const rig = new AdaptationRig({ server, viewers, told, star, parts: parts.move() })
    for (const viewer of viewers.keys()) await rig.limit(viewer, options.mbps)
    return rig
  }

  /** Changes the rate of a viewer's line. @returns ms since 1970, a moment before */
  async limit(viewer: number, mbps: number): Promise<number> {
    const at = wall()
    await this.#star.shape(viewer, mbps, queueMs)
    this.#rates.set(viewer, [...(this.#rates.get(viewer) ?? []), { at, mbps }])
    return at
  }

  /** Lets time pass, in ms, and takes what the pages have seen meanwhile. */
  async watch(ms: number): Promise<void> {
    await sleep(ms)
    for (const viewer of this.viewers) await viewer.update()
  }

  /** Watches until the condition holds. @returns whether it did within `ms` */
  async until(condition: () => boolean, ms: number): Promise<boolean> {
    const deadline = wall() + ms
    do {
      await this.watch(statusInterval)
      if (condition()) return true
    } while (wall() < deadline)
    return false
  }

  /** Bits per second that the server believed in, from one moment to another. */
  estimates(viewer: number, from: number, to: number): number[] {
    const within = this.told.filter(({ at }) => at >= from && at <= to)
    return within.flatMap(({ viewers }) => viewers[viewer]?.estimate ?? [])
  }

  /** What each viewer saw and what the server told of it, by half seconds, for who has to know why. */
  story(): string {
    const from = this.told[0]?.at ?? wall()
    return this.viewers.map((_, viewer) => this.#storyOf(viewer, from)).join('\n')
  }

  #storyOf(viewer: number, from: number): string {
    const lines = [`viewer ${viewer}`]
    let before = ''
    for (let at = from; at < wall(); at += storyStep) {
      const line = this.#chapter(viewer, at, at + storyStep)
      if (line !== before) lines.push(`${((at - from) / 1000).toFixed(1)} s: ${line}`)
      before = line
    }
    return lines.join('\n')
  }

  #chapter(viewer: number, from: number, to: number): string {
    const { samples } = this.viewers[viewer]!
    const shown = this.viewers[viewer]!.between(from, to)
    const counted = samples.findLast(({ at }) => at < to)
    const told = this.told.findLast(({ at }) => at < to)?.viewers[viewer]
    const rate = this.#rates.get(viewer)?.findLast(({ at }) => at < to)?.mbps
    const gap = Math.max(0, ...shown.map((picture) => picture.gap))
    return (
      `${rate} Mbit/s; ${shown.length} pictures of ${sizesOf(shown)} lines` +
      `${gap > notableGap ? `, gap ${gap.toFixed(0)} ms` : ''}; ` +
      `lost ${counted?.packetsLost}, NACKs ${counted?.nackCount}, PLIs ${counted?.pliCount}; ` +
      `told ${((told?.estimate ?? 0) / 1e6).toFixed(2)} Mbit/s, ${told?.layer?.height} lines, ` +
      `${told?.picture}, ${told?.retransmitted} repeated, ${told?.probed} probes`
    )
  }

  async close(): Promise<void> {
    await this.#parts.disposeAsync()
  }
}

interface RigParts {
  readonly star: VethStar
  readonly parts: AsyncDisposableStack
}

async function publish(
  server: ServerProcess,
  namespace: string,
  clip: string,
  { bitrates, as = 'obs' }: RigOptions,
): Promise<Child> {
  const where = ['--publish', '--url', server.whip(stream), '--token', server.key]
  const what = ['--clip', clip, '--layers', String(bitrates.length), '--as', as]
  const started = Promise.withResolvers<void>()
  const child = new Child(process.execPath, [loadTool, ...where, ...what], { namespace })
  child.process.stderr!.on('data', (bytes: Buffer) => {
    if (bytes.toString().includes('publishing to')) started.resolve()
  })
  await child.expect(started.promise, 30_000, 'the publisher to be accepted')
  return child
}

function watchStatus(server: ServerProcess, namespace: string, told: ToldViewers[]): Child {
  const program = join(folder, 'status-watch-process.ts')
  const url = `${server.origin}/api/v1/viewers/${stream}`
  return new Child(process.execPath, [program, url, server.key, String(statusInterval)], {
    namespace,
    onLine: (line) => {
      const { at, body } = JSON.parse(line)
      told.push({ at, viewers: body.viewers ?? [] })
    },
  })
}
