import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClientContext } from '#load/client-connection.ts'
import { loadClip } from '#load/clip-files.ts'
import { Publisher, type PublisherEvent } from '#load/publisher.ts'
import { Viewer } from '#load/viewer.ts'
import type { ViewerReport } from '#load/viewer-report.ts'
import { Child } from '#test/support/child.ts'
import { ServerProcess } from '#test/support/server-process.ts'
import { whyNoSink } from './support/sinks.ts'

const program = (name: string) => join(import.meta.dirname, '..', '..', 'load', name)

/** A tool of load/ as people start it, with what it prints. */
class Tool extends Child {
  readonly said: string[]

  constructor(name: string, args: readonly string[]) {
    const said: string[] = []
    super(process.execPath, [program(name), ...args], { onLine: (line) => said.push(line) })
    this.said = said
  }

  /** Waits for a line on stdout. */
  async says(pattern: RegExp): Promise<void> {
    await expect
      .poll(() => this.said.find((line) => pattern.test(line)), { timeout: 15_000 })
      .toBeDefined()
  }

  async ended(): Promise<number | null> {
    await this.exited
    return this.process.exitCode
  }
}

describe('the command line of the load tool', () => {
  it.each`
    args                                                         | code | words
    ${['--help']}                                                | ${0} | ${'npm run load -- --url'}
    ${[]}                                                        | ${2} | ${'--url is missing'}
    ${['--url', 'http://h/', '--ramp=x']}                        | ${2} | ${'--ramp x: give a number'}
    ${['--publish', '--url', 'http://h/', '--clip', '/nowhere']} | ${2} | ${'no such file or folder'}
  `(
    'ends $args with $code',
    async ({ args, code, words }) => {
      const tool = new Tool('main.ts', args)
      expect(await tool.ended()).toBe(code)
      expect(tool.lastWords).toContain(words)
    },
    20_000,
  )
})

describe('the tools and a node', () => {
  let server: ServerProcess
  let folder: string
  beforeEach(async () => {
    server = await ServerProcess.start()
    folder = mkdtempSync(join(tmpdir(), 'tailrace-load-'))
  }, 20_000)
  afterEach(async () => {
    await server.stop()
    rmSync(folder, { recursive: true })
  }, 20_000)

  const viewersOf = async (stream: string) => (await server.status(stream)).viewers

  it('publish the demo, view it, report, and end their sessions', async () => {
    const demo = new Tool('demo.ts', ['--url', server.whip('demo'), '--token', server.key])
    await demo.says(/^demo: publishing the bundled clip/)

    const json = join(folder, 'report.json')
    const common = ['--url', server.whep('demo'), '--viewers', '3']
    const viewing = new Tool('main.ts', [...common, '--duration', '2', '--json', json])
    expect(await viewing.ended()).toBe(0)
    const report: ViewerReport = JSON.parse(readFileSync(json, 'utf8'))
    expect(report).toMatchObject({ viewers: 3, well: 3, failures: {} })
    expect(report.join.live?.count).toBe(3)
    expect(viewing.said[0]).toBe('3 viewers, 3 well')

    const leaving = ['--duration', '1', '--leave', '3']
    const strict = new Tool('main.ts', [...common, ...leaving, '--max-join-p50', '0'])
    expect(await strict.ended()).toBe(1)
    expect(strict.said.find((line) => line.startsWith('steady'))).toMatch(/with [01] viewers: \d/)
    expect(strict.said.at(-1)).toMatch(/^too much {2}join p50 is [\d.]+ ms, 0 allowed$/)

    const interrupted = new Tool('main.ts', [...common, '--duration', '600'])
    await expect.poll(() => viewersOf('demo'), { timeout: 15_000 }).toBe(3)
    expect(await interrupted.stop('SIGINT')).toMatchObject({ signal: undefined })
    expect(interrupted.said[0]).toMatch(/^3 viewers/)
    expect(await viewersOf('demo')).toBe(0)

    expect(await demo.stop()).toMatchObject({ code: 0 })
    expect(server.lastWords).toMatch(/"end":"deleted"/)
  }, 60_000)

  const receivers = [{ receiver: 'typescript' }, ...(whyNoSink ? [] : [{ receiver: 'native' }])]
  it.each(receivers)(
    'count viewers in $receiver code as they come and go, and what the server uses',
    async ({ receiver }) => {
      const publishing = ['--publish', '--url', server.whip('counted'), '--token', server.key]
      const publisher = new Tool('main.ts', publishing)
      const json = join(folder, 'counted.json')
      await expect.poll(() => publisher.lastWords, { timeout: 15_000 }).toMatch(/publishing to/)
      const arriving = ['--viewers', '4', '--ramp', '20', '--storm', '3', '--churn', '2']
      const measuring = ['--decrypt', '3', '--pid', String(server.pid), '--sample', '0.5']
      const limits = ['--max-failures', '0', '--max-latency-p99', '60000', '--max-cpu-us', '10000']
      const rest = [
        '--duration',
        '6',
        '--json',
        json,
        ...(receiver === 'native' ? [] : ['--no-native']),
      ]
      const url = ['--url', server.whep('counted')]
      const tool = new Tool('main.ts', [...url, ...arriving, ...measuring, ...limits, ...rest])
      expect(await tool.ended(), tool.lastWords).toBe(0)
      await publisher.stop('SIGINT')

      const report: ViewerReport = JSON.parse(readFileSync(json, 'utf8'))
      // Every half a second somebody leaves and somebody else comes.
      expect(report.viewers).toBeGreaterThan(14)
      expect(report).toMatchObject({
        well: report.viewers,
        failures: {},
        undecryptable: 0,
        decrypted: Math.ceil(report.viewers / 3),
        receiver: { kind: receiver },
        dropped: 0,
        latency: { clock: 'same', captureTime: 'marks' },
        steady: { viewers: 7 },
      })
      expect(Object.keys(report.joinByCohort)).toEqual(['ramp', 'storm', 'churn'])
      expect(report.join.keyframe!.count).toBe(report.viewers)
      expect(report.latency!.count).toBeGreaterThan(10)
      expect(report.latency!.min).toBeGreaterThan(-5)
      expect(report.wholePercent).toBeGreaterThan(90)
      expect(report.jitter!.count).toBe(report.viewers)
      for (const process of [report.server!, report.tool!]) {
        expect(process.cpuPerPacket).toBeGreaterThan(0)
        expect(process.rssAfter).toBeGreaterThan(10e6)
        expect(process.descriptors).toBeGreaterThan(5)
      }
      // The points of the curves add up to what was received while they were drawn.
      expect(report.samples.length).toBeGreaterThan(8)
      const drawn = report.samples.reduce((sum, { packetsPerSecond }, i) => {
        return sum + packetsPerSecond * (report.samples[i]!.at - (report.samples[i - 1]?.at ?? 0))
      }, 0)
      expect(drawn / report.reception.packets).toBeGreaterThan(0.7)
      expect(drawn / report.reception.packets).toBeLessThanOrEqual(1.001)
      expect(await viewersOf('counted')).toBe(0)
    },
    60_000,
  )

  it('say who closed the session, and publish again after two seconds as OBS does', async () => {
    const context = createClientContext()
    const stopping = new AbortController()
    const waiting = Promise.withResolvers<PublisherEvent>()
    const publisher = new Publisher(context, {
      url: server.whip('close'),
      token: server.key,
      clip: await loadClip({}),
      persistence: 'obs',
      onEvent: (event) => event.kind === 'waiting' && waiting.resolve(event),
    })
    const ended = publisher.run(stopping.signal)
    await expect.poll(() => publisher.counters.keyframes, { timeout: 15_000 }).toBe(1)
    const viewer = new Viewer(context, { url: server.whep('close') })
    expect(await viewer.join()).toBeUndefined()
    await expect.poll(() => viewer.result.join.live, { timeout: 15_000 }).toBeDefined()

    await server.stop()
    const why = 'closed by the server'
    expect(await waiting.promise).toEqual({ kind: 'waiting', why, retryIn: 2 })
    expect(viewer.result.failure).toBe(why)
    stopping.abort()
    expect(await ended).toBeUndefined()
  }, 60_000)

  it('give up as OBS does when the first POST is refused', async () => {
    const publisher = new Publisher(createClientContext(), {
      url: server.whip('refused'),
      token: 'not-the-key',
      clip: await loadClip({}),
      persistence: 'obs',
      onEvent: () => {},
    })
    expect(await publisher.run(new AbortController().signal)).toMatch(/answered 401: /)
  }, 20_000)

  it('count by reason what a server refuses', async () => {
    const viewer = new Viewer(createClientContext(), { url: server.whep('nobody') })
    expect(await viewer.join()).toMatch(/answered 409: /)
    expect(viewer.result).toMatchObject({ join: {}, failure: 'http 409' })
  }, 20_000)
})
