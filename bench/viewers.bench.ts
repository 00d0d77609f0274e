import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { ViewerReport } from '#load/viewer-report.ts'
import { makeMedia } from '#test/support/ffmpeg-media.ts'
import { ServerProcess } from '#test/support/server-process.ts'
import { mediaArrivals } from './arrivals.ts'
import { type Figure, figure } from './figure.ts'
import { Reference } from './reference.ts'
import { cpuMicroseconds } from './sampling.ts'

const counts = [200, 1000] as const
const joinsPerSecond = 50
const seconds = 15
const loadTool = resolve(import.meta.dirname, '../load/main.ts')

/** Promises of the design: bytes per viewer, µs per packet. */
const promised = { memory: 64, cpu: 2 }

/** A whole node with real viewers, each with a session of its own; the publisher sends as OBS. */
export async function run(): Promise<Figure[]> {
  const reference = await Reference.load()
  const figures: Figure[] = []
  const resident = new Map<number, number>()
  for (const viewers of counts) {
    const { server, lossPercent, well } = await watch(viewers)
    resident.set(viewers, server?.rssAfter ?? Number.NaN)
    // Fewer on a loaded machine; far fewer, and the figure is of something else.
    if (well < 0.8 * viewers) throw new Error(`only ${well} of ${viewers} had a picture`)
    if (!server?.rssPerViewer || !server.cpuPerPacket) throw new Error('no figures of the server')
    const before = cpuMicroseconds()
    const bare = reference.fanOut(viewers, mediaArrivals(5, 'at once'), true)
    const perPacket = (cpuMicroseconds() - before) / bare
    const label = `node with ${viewers} viewers`
    figures.push(
      figure(`${label}, CPU`, 'µs/packet', server.cpuPerPacket, ['bare loop in C++', perPacket]),
      figure(`${label}, CPU beside the promise`, 'µs/packet', server.cpuPerPacket, [
        'promised',
        promised.cpu,
      ]),
      figure(`${label}, memory of each`, 'KiB', server.rssPerViewer / 1024, [
        'promised',
        promised.memory,
      ]),
      figure(`${label}, lost`, '%', lossPercent, ['one in a hundred', 1]),
    )
  }
  // What the first viewers cost is code that is compiled and a heap that grows for once.
  const [few, many] = counts
  const each = (resident.get(many)! - resident.get(few)!) / (many - few) / 1024
  const against = ['promised', promised.memory] as const
  figures.push(figure(`memory of each beyond ${few} viewers`, 'KiB', each, against))
  return figures
}

async function watch(viewers: number): Promise<ViewerReport> {
  const folder = mkdtempSync(join(tmpdir(), 'tailrace-bench-'))
  const server = await ServerProcess.start({ env: { TAILRACE_MEDIA_THREADS: '1' } })
  const { video, framesPerSecond } = await makeMedia()
  const publisher = load(
    ...['--publish', '--url', server.whip('bench'), '--token', server.key],
    ...['--clip', video, '--frame-rate', `${framesPerSecond}`],
  )
  try {
    await published(server)
    const json = join(folder, 'report.json')
    const tool = load(
      ...['--url', server.whep('bench'), '--viewers', `${viewers}`, '--ramp', `${joinsPerSecond}`],
      ...['--duration', `${seconds}`, '--pid', `${server.pid}`, '--json', json],
    )
    await once(tool, 'exit')
    return JSON.parse(readFileSync(json, 'utf8'))
  } finally {
    publisher.kill('SIGTERM')
    await once(publisher, 'exit')
    await server.stop()
    rmSync(folder, { recursive: true })
  }
}

function load(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [loadTool, ...args], { stdio: 'ignore' })
}

async function published(server: ServerProcess): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await server.status('bench').catch(() => undefined)) return
    await new Promise((done) => setTimeout(done, 100))
  }
  throw new Error('the publisher never came')
}
