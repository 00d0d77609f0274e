import { join } from 'node:path'
import type { PlaneStatistics } from '#native/media-plane.ts'
import { Child, run } from '#test/support/child.ts'
import { compiled } from '#test/support/compiled.ts'
import type { SinkReport } from '#test/support/media-sink-process.ts'
import type { PlanePlan } from '#test/support/plane-process.ts'
import type { VethArm, VethStar } from '#test/support/veth-star.ts'
import { until } from './until.ts'

const support = join(import.meta.dirname, '../support')

/** A stream, and to whom it goes. */
export interface StreamOptions extends Omit<PlanePlan, 'addresses' | 'viewers'> {
  /** Viewers at the end of each arm, in its order. */
  readonly viewers: readonly number[]
  /** Where else it goes, before all of those: addresses at which nobody listens. */
  readonly nowhere?: PlanePlan['viewers']
  /** Bytes that may wait in a socket, as the kernel counts them; what it grants, without. */
  readonly sendBuffer?: number
}

export interface Streamed {
  readonly statistics: PlaneStatistics
  /** By arm, then by viewer. */
  readonly reports: readonly (readonly SinkReport[])[]
}

/** A program that answers every line with one of JSON. */
class Answering {
  readonly child: Child
  #next = Promise.withResolvers<string>()

  constructor(file: string, args: readonly string[], namespace: string) {
    this.child = new Child(process.execPath, [join(support, file), ...args], {
      namespace,
      onLine: (line) => this.#next.resolve(line),
    })
  }

  async answer(what: string): Promise<unknown> {
    const line = await this.child.expect(this.#next.promise, 30_000, what)
    this.#next = Promise.withResolvers()
    return JSON.parse(line)
  }

  async ask(what: string): Promise<unknown> {
    this.child.process.stdin?.write('\n')
    return await this.answer(what)
  }

  async end(): Promise<void> {
    this.child.process.stdin?.end()
    await this.child.exited
  }
}

/** Sends a stream from the hub of a star to viewers at its arms, and counts what arrives. */
export async function streamed(star: VethStar, options: StreamOptions): Promise<Streamed> {
  const { viewers, nowhere = [], sendBuffer, ...plan } = options
  const sinks = viewers.map((count, i) => {
    const { address, namespace } = star.arms[i]!
    return new Answering('media-sink-process.ts', [address, String(count)], namespace)
  })
  const ports = (await Promise.all(sinks.map((sink) => sink.answer('its ports')))) as number[][]
  const reached = ports.flatMap((some, i) => some.map((port) => viewerAt(star.arms[i]!, port)))
  const addresses = star.arms.map(({ hubAddress }) => hubAddress)
  const whole: PlanePlan = { ...plan, addresses, viewers: [...nowhere, ...reached] }
  const plane = new Answering('plane-process.ts', [JSON.stringify(whole)], star.hub)
  const port = await plane.answer('its port')
  if (sendBuffer) {
    // The kernel doubles what it is asked for.
    const sizes = [plane.child.process.pid, port, sendBuffer / 2].map(String)
    await run(compiled('send-buffer'), sizes)
  }
  const statistics = (await plane.ask('what it sent')) as PlaneStatistics
  let reports: SinkReport[][] = []
  const { datagramsSent } = statistics
  const arrived = async () => {
    reports = (await Promise.all(sinks.map((sink) => sink.ask('what came')))) as SinkReport[][]
    return reports.flat().reduce((sum, { packets }) => sum + packets, 0)
  }
  const wanted = nowhere.length === 0 ? datagramsSent : expected(options)
  await until(async () => (await arrived()) >= wanted)
  for (const program of [plane, ...sinks]) await program.end()
  return { statistics, reports }
}

/** Packets for all viewers that are there. */
function expected({ viewers, frames, packetsPerFrame }: StreamOptions): number {
  return viewers.reduce((sum, count) => sum + count, 0) * frames * packetsPerFrame
}

function viewerAt({ address, hubAddress }: VethArm, port: number) {
  return { address, port, localAddress: hubAddress }
}
