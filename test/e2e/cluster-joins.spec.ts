import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { percentiles } from '#load/percentiles.ts'
import {
  ClusterNetwork,
  clusterNetworkUnavailable,
  type NodeId,
} from '#test/support/cluster-network.ts'
import { makeMedia } from '#test/support/ffmpeg-media.ts'
import type { LibdatachannelPublisher } from '#test/support/libdatachannel-publisher.ts'
import type { Viewing, ViewReport } from '#test/support/media-page.ts'
import { long, longOnly } from '#test/support/stage.ts'

const missing = clusterNetworkUnavailable() ?? longOnly
const stream = 'joined'
/** Of an edge that has no viewer, in ms: by then neither it nor the relay above it has the stream. */
const forgotten = 22_000
const warmJoins = long ? 60 : 8
/** At each of two edges: the first finds a relay as cold as itself, the second one that has it. */
const coldJoins = long ? 14 : 1

/** To the first picture, in ms, of 95 in 100. */
const promised = 500

interface Join {
  readonly answered: number
  readonly firstFrame: number
}

function describeJoins(name: string, joins: readonly Join[]): string {
  const { p50, p95, max } = percentiles(joins.map(({ firstFrame }) => firstFrame))!
  const answered = percentiles(joins.map((join) => join.answered))!
  const [a, b, c, d] = [p50, p95, max, answered.p95].map((ms) => ms.toFixed(0))
  const slow = joins.filter(({ firstFrame }) => firstFrame > promised)
  const why = slow.map(
    (join) => `${join.answered.toFixed(0)} + ${(join.firstFrame - join.answered).toFixed(0)}`,
  )
  return (
    `${name}, n ${joins.length}: p50 ${a} ms, p95 ${b} ms, max ${c} ms; answered p95 ${d} ms` +
    `${slow.length > 0 ? `; the slow ones, answer and rest: ${why.join(', ')} ms` : ''}\n`
  )
}

describe('a join over ingest – relay – relay – edge, 20 ms RTT each, and 50 ms with 1 % of loss', () => {
  let cluster: ClusterNetwork
  let publisher: LibdatachannelPublisher

  beforeEach(({ skip }) => {
    if (missing) skip(missing)
  })
  beforeAll(async () => {
    if (missing) return
    // 8.33 s between keyframes, which no PLI makes come earlier.
    const media = await makeMedia()
    const nodes = ['ingest-1', 'relay-1', 'relay-2', 'edge-1', 'edge-2', 'edge-3'] as const
    cluster = await ClusterNetwork.open({ media, nodes })
    for (const node of nodes) cluster.network.setHost(node, { delayMs: 5 })
    cluster.network.setHost('registry', { delayMs: 5 })
    cluster.network.setHost('viewers-b', { delayMs: 20, loss: 0.01 })
    publisher = await cluster.obs('ingest-1', stream)
    // Keeps the first relay in the way of the other region.
    const near = await cluster.view('viewers-a', 'edge-1', { stream, scale: publisher.clock })
    await near.firstFrame()
  }, 90_000)
  afterAll(async () => {
    await cluster?.close()
  }, 60_000)

  async function join(edge: NodeId): Promise<{ viewing: Viewing; join: Join; report: ViewReport }> {
    const viewing = await cluster.join('viewers-b', edge, { stream, scale: publisher.clock })
    const report = await viewing.firstFrame()
    const { posted, answered, firstFrame = Number.NaN } = report.times
    return {
      viewing,
      report,
      join: { answered: answered - posted, firstFrame: firstFrame - posted },
    }
  }

  it('shows a picture within half a second where nobody in the region has it', async () => {
    const [relayToo, edgeOnly]: Join[][] = [[], []]
    for (let i = 0; i < coldJoins; i++) {
      // By itself the first time, and then anywhere between two keyframes.
      if (i > 0) await delay(forgotten + Math.random() * 8333)
      const first = await join('edge-2')
      relayToo!.push(first.join)
      const second = await join('edge-3')
      edgeOnly!.push(second.join)
      await first.viewing.close()
      await second.viewing.close()
    }
    process.stdout.write(describeJoins('cold edge and cold relay', relayToo!))
    process.stdout.write(describeJoins('cold edge at a relay that has it', edgeOnly!))
    for (const { firstFrame } of [...relayToo!, ...edgeOnly!]) expect(firstFrame).toBeLessThan(5000)
  }, 900_000)

  it('shows one within half a second where the edge has the stream', async () => {
    const { viewing: first } = await join('edge-2')
    const joins: Join[] = []
    for (let i = 0; i < warmJoins; i++) {
      // Anywhere between two keyframes.
      await delay(Math.random() * 1200)
      const { viewing, join: joined } = await join('edge-2')
      joins.push(joined)
      await viewing.close()
    }
    process.stdout.write(describeJoins('warm edge', joins))
    expect(await cluster.node('relay-2').status(stream)).toMatchObject({ state: 'live' })
    expect(joins.every(({ firstFrame }) => firstFrame < 5000)).toBe(true)
    await first.close()
  }, 300_000)
})
