import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { clusterNetworkUnavailable, type NodeId } from '#test/support/cluster-network.ts'
import {
  longestIn,
  newRelease,
  oldRelease,
  RestartedCluster,
  type Step,
} from '#test/support/restarted-cluster.ts'
import { allowed, long, longOnly } from '#test/support/stage.ts'

const missing = clusterNetworkUnavailable()

/** All nodes and 50 viewers, or one relay and one edge of a small cluster and nine. */
const plan: {
  readonly nodes?: readonly NodeId[]
  readonly audience: Partial<Record<NodeId, { pages: number; sessions: number }>>
  readonly restarts: readonly NodeId[]
} = long
  ? {
      audience: {
        'edge-1': { pages: 2, sessions: 16 },
        'edge-2': { pages: 1, sessions: 15 },
        'edge-3': { pages: 1, sessions: 15 },
      },
      restarts: ['relay-1', 'relay-2', 'edge-3', 'edge-2', 'edge-1', 'ingest-2'],
    }
  : {
      nodes: ['ingest-1', 'relay-1', 'relay-2', 'edge-2', 'edge-3'],
      audience: { 'edge-2': { pages: 1, sessions: 4 }, 'edge-3': { pages: 0, sessions: 4 } },
      restarts: ['relay-2', 'edge-2'],
    }

describe('viewers of a cluster whose nodes are updated one by one', () => {
  let restarted: RestartedCluster
  /** Ms for which nothing was published. */
  let away = 0

  beforeEach(({ skip }) => {
    if (missing) skip(missing)
  })
  beforeAll(async () => {
    if (missing) return
    restarted = await RestartedCluster.open({ stream: 'restarted', ...plan })
  }, 120_000)
  afterAll(async () => {
    await restarted?.close()
  }, 60_000)

  it.each(plan.restarts)(
    'see no error and no second of stillness while %s is replaced by the next release',
    async (id) => {
      const { pages } = await restarted.restart(id)
      for (const { states, freeze } of pages) {
        expect(states).not.toContain('reconnecting')
        expect(freeze).toBeLessThan(allowed(1000))
      }
    },
    60_000,
  )

  it('keep their sessions when the ingest is, whose publisher comes back as OBS does', async ({
    skip,
  }) => {
    if (longOnly) skip(longOnly)
    const { publisher } = restarted
    const from = Date.now()
    const { pages } = await restarted.restart('ingest-1')
    const closed = await publisher.says(/again in/, from)
    const back = await publisher.says(/^publishing to/, closed.at)
    away = back.at - closed.at
    process.stdout.write(`published again after ${away} ms\n`)
    for (const { states, freeze } of pages) {
      expect(states).not.toContain('reconnecting')
      expect(freeze).toBeLessThan(away + 1000)
    }
  }, 60_000)

  it('are those of the load tool, too: none was told of a fault, none stood still', async () => {
    const viewers = await restarted.sessions()
    const troubles = viewers.flatMap((viewer) => viewer.troubles.map(({ what }) => what))
    const steps = restarted.steps.map((step) => ({ step, longest: longestIn(step, viewers) }))
    for (const { step, longest } of steps) {
      const words = longest ? `${longest.ms} ms (${longest.cause})` : 'nothing'
      process.stdout.write(`${step.what}: the longest freeze of a session: ${words}\n`)
    }
    expect([...new Set(troubles)]).toEqual([])
    for (const { step, longest } of steps) {
      expect(longest?.ms ?? 0, step.what).toBeLessThan(allowed(1000) + awayIn(step))
    }
  }, 60_000)

  it('are served by links between both releases, in the version that both speak', async () => {
    await expect
      .poll(() => [...restarted.spoken], { timeout: 15_000 })
      .toEqual(
        expect.arrayContaining([
          `${oldRelease} to ${oldRelease} by ${oldRelease}`,
          `${oldRelease} to ${newRelease} by ${oldRelease}`,
          `${newRelease} to ${oldRelease} by ${oldRelease}`,
          `${newRelease} to ${newRelease} by ${newRelease}`,
        ]),
      )
    expect(restarted.misunderstood).toEqual([])
  })

  it('play elsewhere within 5 s when an edge is killed', async ({ skip }) => {
    if (longOnly) skip(longOnly)
    const { pages } = await restarted.during('kill -9 of edge-2', async () => {
      restarted.cluster.kill('edge-2')
      await delay(6000)
    })
    for (const { freeze } of pages) expect(freeze).toBeLessThan(5000)
  }, 60_000)

  function awayIn({ what }: Step): number {
    return what === 'restart of ingest-1' ? away : 0
  }
})
