import { describe, expect } from 'vitest'
import { figure, withNodes as it, patience } from '#test/support/node-pair.ts'

describe('the name of a node of a cluster', { timeout: 60_000 }, () => {
  it('is refused to a second process, which says what to do, and the first goes on', async ({
    stage,
  }) => {
    const [, b] = await stage.pair()
    await expect(stage.start('b')).rejects.toThrow(
      /TAILRACE_NODE_ID: "b" is another node of this cluster already, at http:\S+: give this one/,
    )
    await expect.poll(() => figure(b, 'cluster_nodes'), patience).toBe(2)
    await expect.poll(() => figure(b, 'registry_connected'), patience).toBe(1)
  })

  it('is taken again by who comes after one that was killed', async ({ stage }) => {
    const [a, b] = await stage.pair()
    process.kill(b.pid, 'SIGKILL')
    const again = await stage.start('b')
    for (const node of [a, again]) {
      await expect.poll(() => figure(node, 'cluster_nodes'), patience).toBe(2)
    }
  })
})
