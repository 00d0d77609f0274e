import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Child } from '#test/support/child.ts'
import { type FloodKind, flood, floodOffers } from '#test/support/flood.ts'
import type { Viewing } from '#test/support/media-page.ts'
import { allowed, long, Stage, stageUnavailable } from '#test/support/stage.ts'

const seconds = long ? 10 : 2
const datagrams = 50_000
/** More of them, and two cores have no time left for anything else: the kernel makes each anew. */
const connects = 5_000
/** Of the pictures of a live viewer, in ms, without what the machine itself took. */
const freeze = allowed(500)
/** A viewer that joins meanwhile has a picture by then, in ms. */
const joinTime = allowed(5000)
/** Bytes that the server may grow by, all floods together. */
const growth = 128 * 2 ** 20
/** Of the load tool, which counts every packet. */
const viewers = 20

const root = join(import.meta.dirname, '..', '..')
const offer = readFileSync(
  join(root, 'test/fixtures/sdp/chromium-156/offer-recvonly.gathered.sdp'),
  'utf8',
)
const padded = (line: (index: number) => string) =>
  (offer + Array.from({ length: 1500 }, (_, index) => line(index)).join('')).slice(0, 64_000)
const offers = [
  'x'.repeat(64_000),
  offer,
  padded((index) => `a=fmtp:96 x${index}=1;level=2;profile=3\r\n`),
  padded((index) => `a=extmap:${(index % 14) + 1} urn:x:${index}\r\n`),
]

describe('a flood from strangers', () => {
  const missing = stageUnavailable()
  let stage: Stage
  let viewing: Viewing
  beforeAll(async () => {
    if (missing) return
    stage = await Stage.open()
    await stage.obs('flooded')
    viewing = await stage.view('flooded')
    await viewing.firstFrame()
    await viewing.moreFrames(30)
  })
  beforeEach(({ skip }) => {
    if (missing) skip(missing)
  })
  afterAll(() => stage?.close())

  const memory = () =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${stage.server.pid}/status`, 'utf8'))?.[1]) *
    1024

  /** What the viewers of the load tool say of the time in which `flooded` runs. */
  async function audience(flooded: () => Promise<unknown>) {
    const folder = mkdtempSync(join(tmpdir(), 'tailrace-floods-'))
    const json = join(folder, 'report.json')
    const words = ['load/main.ts', '--url', stage.server.whep('flooded'), '--json', json]
    // No longer than the flood, however late that is over: the signal ends it.
    const numbers = { viewers, ramp: 2 * viewers, duration: 60 }
    const options = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, `${value}`])
    await using watching = new AsyncDisposableStack()
    const tool = new Child(process.execPath, [...words, ...options])
    watching.defer(async () => void (await tool.stop('SIGKILL')))
    // By then they are all there: their joins are not what is looked at here. One is Chromium's.
    await expect
      .poll(async () => (await stage.server.status('flooded')).viewers, { timeout: 20_000 })
      .toBeGreaterThan(viewers)
    await flooded()
    expect(await tool.stop('SIGTERM'), tool.lastWords).toMatchObject({ code: 0 })
    const report = JSON.parse(readFileSync(json, 'utf8'))
    rmSync(folder, { recursive: true })
    return report
  }

  /** Of the same viewer while the flood goes to a port that nobody listens at, in ms. */
  async function freezeOfMachine(): Promise<number> {
    await viewing.mark()
    const target = { address: stage.server.address, port: 9 }
    await flood({ kind: 'stun', target, rate: datagrams, seconds })
    return (await viewing.report()).longestFreeze
  }

  async function expectNoHarm(kind: string, flooding: () => Promise<unknown>): Promise<void> {
    const before = memory()
    let joined = Number.NaN
    const report = await audience(async () => {
      await viewing.mark()
      const flooded = flooding()
      const at = performance.now()
      const newcomer = await stage.view('flooded')
      await newcomer.firstFrame(joinTime)
      joined = performance.now() - at
      await newcomer.close()
      const result = await flooded
      process.stdout.write(`flood of ${kind}: ${JSON.stringify(result)}\n`)
    })
    const { longestFreeze, packetsLost, state } = await viewing.report()
    const { well, reception, picture, latency } = report
    const grown = memory() - before
    process.stdout.write(
      `  Chromium's longest freeze ${longestFreeze.toFixed(0)} ms, ${packetsLost} packets lost; ` +
        `joined in ${joined.toFixed(0)} ms; of ${viewers} viewers ${well} well, ` +
        `${picture.freezes} freezes of at most ${picture.longestFreeze.toFixed(0)} ms, ` +
        `${reception.lost} packets lost; latency p99 ${latency?.p99?.toFixed(1)} ms; ` +
        `${(grown / 2 ** 20).toFixed(0)} MiB more\n`,
    )
    expect(state).toBe('connected')
    const machine = longestFreeze < freeze ? 0 : await freezeOfMachine()
    expect(longestFreeze).toBeLessThan(freeze + machine)
    expect(report).toMatchObject({ well: viewers, reception: { lost: 0 } })
    expect(grown).toBeLessThan(growth)
  }

  async function dropped(reason: string): Promise<number> {
    const name = `tailrace_datagrams_dropped_total{reason="${reason}"}`
    return (await stage.server.metrics()).get(name) ?? Number.NaN
  }

  const byUdp: readonly { kind: FloodKind; reason: string }[] = [
    { kind: 'stun', reason: 'unknown-ufrag' },
    { kind: 'forged', reason: 'bad-integrity' },
    { kind: 'dtls', reason: 'unknown-path' },
    { kind: 'dtls-fragments', reason: 'unknown-path' },
    { kind: 'rtp', reason: 'unknown-peer' },
  ]
  it.each(byUdp)(
    'of $kind by UDP costs no viewer a freeze, and is dropped unheard',
    async (each) => {
      const { kind, reason } = each
      const before = await dropped(reason)
      const ufrag = kind === 'forged' ? await sessionUfrag(stage.server.whep('flooded')) : undefined
      let sent = 0
      await expectNoHarm(kind, async () => {
        const target = stage.server.media
        const result = await flood({ kind, target, rate: datagrams, seconds, ufrag })
        sent = result.sent
        return result
      })
      // What a full socket of ours did not take, nobody counts: that is cheaper still.
      const part = allowed(4)
      expect(sent).toBeGreaterThan((datagrams * seconds) / part)
      const refused = async () => (await dropped(reason)) - before
      await expect.poll(refused, { timeout: 10_000 }).toBeGreaterThan(sent / part)
    },
  )

  it.each(['tcp-close', 'tcp-silent', 'tcp-garbage'] as const)(
    'of connections, %s, costs no viewer a freeze, at either port',
    async (kind) => {
      const { media, ports, address } = stage.server
      const http = { address, port: ports.httpPort }
      await expectNoHarm(kind, async () => {
        const half = { kind, rate: connects, seconds: seconds / 2 }
        const results = [await flood({ ...half, target: media })]
        results.push(await flood({ ...half, target: http }))
        return results
      })
    },
  )

  it('of offers, whatever they say, costs no viewer a freeze', async () => {
    const url = stage.server.whep('flooded')
    await expectNoHarm('offers', async () => {
      const from = '127.1.0.9'
      const answered = await floodOffers({ url, bodies: offers, seconds, from, until: 429 })
      expect(answered.get(429)).toBeGreaterThan(0)
      return Object.fromEntries(answered)
    })
  })
}, 120_000)

/** Of our side of a session that nobody goes on with. */
async function sessionUfrag(url: string): Promise<string> {
  const headers = { 'content-type': 'application/sdp' }
  const response = await fetch(url, { method: 'POST', headers, body: offer })
  const ufrag = /a=ice-ufrag:(\S+)/.exec(await response.text())?.[1]
  if (!ufrag) throw new Error(`no session to name: ${response.status}`)
  return ufrag
}
