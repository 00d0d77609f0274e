import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { ServerProcess } from '#test/support/server-process.ts'
import { type Figure, figure } from './figure.ts'
import type { EndsOptions } from './latency-ends.ts'
import { percentile } from './sampling.ts'

/** At 30 a second; the first 90 are not measured. */
const frames = 690
const others = 100
const joinsPerSecond = 100
const ends = resolve(import.meta.dirname, 'latency-ends.ts')
const loadTool = resolve(import.meta.dirname, '../load/main.ts')

interface Scene {
  readonly name: string
  readonly native: 'auto' | 'off'
  /** Viewers besides the one that measures, and whether as many come and go every second. */
  readonly others: number
  readonly churn: boolean
}

const scenes: readonly Scene[] = [
  { name: 'addon, 1 viewer', native: 'auto', others: 0, churn: false },
  { name: 'addon, 101 viewers', native: 'auto', others, churn: false },
  { name: 'addon, 101 viewers, 100 joins/s', native: 'auto', others, churn: true },
  { name: 'twin, 1 viewer', native: 'off', others: 0, churn: false },
  { name: 'twin, 101 viewers', native: 'off', others, churn: false },
]

/**
 * From a publisher's packet leaving to a viewer's copy decrypted, frames of nine at once, through a
 * whole node in a process of its own. Joins come from a third process.
 */
export async function run(): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const scene of scenes) {
    const direct = await measure({ frames: frames / 3 })
    const relayed = await throughNode(scene)
    for (const fraction of [0.5, 0.99]) {
      const reference = percentile(direct, fraction)
      const name = `latency, ${scene.name}, p${fraction * 100}`
      const against = ['straight to the viewer', reference] as const
      figures.push(figure(name, 'ms', percentile(relayed, fraction), against))
    }
  }
  return figures
}

async function throughNode({ native, others: viewers, churn }: Scene): Promise<number[]> {
  const server = await ServerProcess.start({ env: { TAILRACE_NATIVE: native } })
  let crowd: ChildProcess | undefined
  try {
    const node = { whip: server.whip('bench'), whep: server.whep('bench'), key: server.key }
    const measured = measure({ frames, node })
    if (viewers > 0) {
      const rates = ['--viewers', `${viewers}`, '--ramp', `${joinsPerSecond}`, '--duration', '60']
      crowd = spawn(
        process.execPath,
        [loadTool, '--url', node.whep, ...rates, ...(churn ? ['--churn', '100'] : [])],
        { stdio: 'ignore' },
      )
    }
    return await measured
  } finally {
    if (crowd && crowd.exitCode === null) {
      crowd.kill('SIGTERM')
      await once(crowd, 'exit')
    }
    await server.stop()
  }
}

/** @returns ms per packet */
async function measure(options: EndsOptions): Promise<number[]> {
  const child = fork(ends, { serialization: 'advanced' })
  const exit = once(child, 'exit')
  child.send(options)
  const [latencies] = (await Promise.race([once(child, 'message'), exit])) as [number[] | number]
  if (!Array.isArray(latencies)) throw new Error(`the ends ended with ${latencies}`)
  await exit
  if (latencies.length < options.frames) throw new Error('packets went missing')
  return latencies
}
