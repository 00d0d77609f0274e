import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Drain } from '#server/cluster/drain.ts'
import { SimulatedClock, SimulatedScheduler } from '#test/support/simulated-time.ts'

const within = 10_000

/** A node with so many pages that read events, and two others that take them in turn. */
function world(count: number, { others = true, time = within, publishersTime = 0 } = {}) {
  const clock = new SimulatedClock(0)
  const scheduler = new SimulatedScheduler(clock)
  const readers = new Set(Array.from({ length: count }, (_, at) => `viewer-${at}`))
  const publishers = { count: 0 }
  const told: { readonly at: number; readonly id: string; readonly url: string | undefined }[] = []
  const draining: boolean[] = []
  let dealt = 0
  const drain = new Drain({
    cluster: { hasOthers: others, drain: (now = true) => draining.push(now) },
    events: {
      *readers() {
        for (const id of readers) yield { id, name: { tenant: 'default', stream: 'demo' } }
      },
      reconnect: (id, url) => void told.push({ at: clock.now(), id, url }),
    },
    refuges: () => ({ deal: (all) => all.map(() => `https://${dealt++ % 2 ? 'b' : 'a'}.test`) }),
    remaining: () => readers.size,
    publishing: () => publishers.count,
    links: () => undefined,
    within: time,
    publishersWithin: publishersTime,
    clock,
    scheduler,
  })
  const inSecond = (second: number) =>
    told.filter(({ at }) => Math.floor(at / 1000) === second).length
  return { drain, clock, scheduler, readers, publishers, told, draining, inSecond }
}

describe('a node that drains', () => {
  it('asks 300 viewers a second, each once, each with an address', () => {
    const { drain, scheduler, told, inSecond } = world(1000)
    drain.begin()
    expect(told).toHaveLength(30)
    scheduler.runTo(within)
    expect([0, 1, 2, 3, 4].map(inSecond)).toEqual([300, 300, 300, 100, 0])
    expect(new Set(told.map(({ id }) => id)).size).toBe(1000)
    expect(told.filter(({ url }) => url === 'https://a.test/whep/default/demo')).toHaveLength(500)
  })

  it('is quicker where there would not be time for all', () => {
    const { drain, scheduler, told, inSecond } = world(7000)
    drain.begin()
    scheduler.runTo(0.7 * within)
    expect(told).toHaveLength(7000)
    expect(inSecond(0)).toBe(1000)
  })

  it.each`
    where                    | options
    ${'no other node'}       | ${{ others: false }}
    ${'no time to drain in'} | ${{ time: 0 }}
  `('asks all at once where there is $where', ({ options }) => {
    const { drain, told } = world(1000, options)
    drain.begin()
    expect(told).toHaveLength(1000)
  })

  it('asks pages that begin to listen late', () => {
    const { drain, scheduler, told, readers } = world(1)
    drain.begin()
    scheduler.runTo(500)
    readers.add('late')
    scheduler.runTo(700)
    expect(told.map(({ id }) => id)).toEqual(['viewer-0', 'late'])
  })

  it('asks those again who are still here after 15 s', () => {
    const { drain, scheduler, told, readers } = world(2, { time: 60_000 })
    drain.begin()
    readers.delete('viewer-0')
    scheduler.runTo(14_900)
    expect(told).toHaveLength(2)
    scheduler.runTo(40_000)
    expect(told.slice(2).map(({ id }) => id)).toEqual(['viewer-1', 'viewer-1'])
  })

  it('asks nobody more once that is taken back, and all who are there when it begins again', () => {
    const { drain, scheduler, told, draining } = world(100)
    drain.begin()
    drain.cancel()
    scheduler.runTo(5000)
    expect(told).toHaveLength(30)
    expect(scheduler.machines.size).toBe(0)
    drain.begin()
    scheduler.runTo(10_000)
    expect(told).toHaveLength(130)
    expect(draining).toEqual([true, false, true])
  })

  it('waits for publishers as long as it may, and for viewers as long as they may take', async () => {
    const { drain, clock, readers, publishers } = world(1, { publishersTime: 60_000 })
    publishers.count = 1
    drain.begin()
    let isDone = false
    const done = drain.done().then(() => {
      isDone = true
    })
    clock.time = within
    await delay(150)
    expect(isDone).toBe(false)
    publishers.count = 0
    await done
    expect(readers.size).toBe(1)
    publishers.count = 1
    clock.time = within + 60_000
    await drain.done(AbortSignal.abort())
  })
})
