import { join } from 'node:path'
import { Child } from './child.ts'

export interface HopsWanted {
  readonly whip: string
  readonly key: string
  /** From the origin down, one after the other. */
  readonly wheps: readonly string[]
  /** At 30 a second; long enough for all to have joined and caught up. */
  readonly warmUpFrames: number
  readonly frames: number
}

const program = join(import.meta.dirname, 'hop-watch-process.ts')

/**
 * How much later each packet reaches a viewer of one node than one of the node above it.
 *
 * @param namespace where publisher and viewers stand
 * @returns ms for each link and packet; NaN for what never came
 */
export async function measureHops(namespace: string, wanted: HopsWanted): Promise<number[][]> {
  const child = new Child(process.execPath, [program], { namespace, ipc: true })
  try {
    const arrived = Promise.withResolvers<number[][]>()
    child.process.on('message', (message: 'watching' | (number | null)[][]) => {
      if (message === 'watching') return
      // NaN is null in JSON.
      arrived.resolve(message.map((node) => node.map((at) => at ?? Number.NaN)))
    })
    child.process.send(wanted)
    const ms = (wanted.warmUpFrames + wanted.frames) * 34 + 30_000
    const nodes = await child.expect(arrived.promise, ms, 'the packets to arrive')
    return nodes.slice(1).map((node, i) => node.map((at, packet) => at - nodes[i]![packet]!))
  } finally {
    await child.stop('SIGKILL')
  }
}
