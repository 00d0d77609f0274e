import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import type { HopNodeOptions } from './hop-node.ts'
import type { Account, Answer, Order } from './hop-process.ts'

export interface HopOptions extends Pick<HopNodeOptions, 'way' | 'streams'> {
  readonly children: number
}

/** What a relay did with some frames that were fed above it. */
export interface Hop {
  /** Microseconds, all threads. */
  readonly cpu: number
  /** Media, packets. */
  readonly received: number
  readonly sent: number
  /** Asked for again by the relay or its children, on either link. */
  readonly repaired: number
}

/** Packets were lost for good: a figure would be of something else. */
export class HopLoss extends Error {
  override name = 'HopLoss'
}

/** An origin, a relay below it and the relay's children: three processes. */
export class HopRig {
  readonly #origin = new NodeProcess()
  readonly #relay = new NodeProcess()
  readonly #leaves = new NodeProcess()
  readonly #streams: number

  private constructor(streams: number) {
    this.#streams = streams
  }

  /** Resolves when packets of all streams come to all children. */
  static async open({ way, streams, children }: HopOptions): Promise<HopRig> {
    const rig = new HopRig(streams)
    const common = { way, streams }
    // Those at the ends are no part of the figure, and shall not be what limits it.
    const ends = { way: 'gso', streams } as const
    const node = { ...ends, id: 'origin', role: 'ingest', parent: undefined } as const
    const above = await rig.#origin.do({ kind: 'open', nodes: [node] })
    const relay = { ...common, id: 'relay', role: 'relay', parent: above.records[0] } as const
    const middle = await rig.#relay.do({ kind: 'open', nodes: [relay] })
    const parent = middle.records[0]
    const leaves = Array.from({ length: children }, (_child, i) => {
      return { ...ends, id: `leaf${i}`, role: 'edge', parent } as const
    })
    await rig.#leaves.do({ kind: 'open', nodes: leaves })
    await rig.#origin.do({ kind: 'begin' })
    await rig.#leaves.do({ kind: 'join' })
    try {
      await rig.#level()
    } catch (error) {
      await rig.close()
      throw error
    }
    return rig
  }

  /** Until all of it is where it should be. @throws HopLoss */
  async feed(frames: number): Promise<Hop> {
    const before = await this.#accounts()
    await this.#origin.do({ kind: 'feed', frames })
    const after = await this.#accounts()
    await this.#level()
    const { dropped } = after.relay
    if (dropped > before.relay.dropped) throw new HopLoss(`the relay dropped ${dropped} packets`)
    const spent = (of: keyof Account) => after.relay[of] - before.relay[of]
    const above = after.origin.repeated - before.origin.repeated
    return {
      cpu: spent('cpu'),
      received: spent('received'),
      sent: spent('sent'),
      repaired: spent('repeated') + above,
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#leaves, this.#relay, this.#origin].map((one) => one.end()))
  }

  async #accounts(): Promise<{ origin: Account; relay: Account }> {
    const origin = (await this.#origin.do({ kind: 'tell' })).account
    return { origin, relay: (await this.#relay.do({ kind: 'tell' })).account }
  }

  /**
   * Waits until every child holds what the origin holds. What was lost last is missed by nobody until
   * more comes: so some more does.
   */
  async #level(): Promise<void> {
    const frames = this.#streams
    for (let attempt = 0; attempt < 10; attempt++) {
      if (await this.#isLevelWithin(1000)) return
      await this.#origin.do({ kind: 'feed', frames })
    }
    throw new HopLoss('packets never came: the machine does not carry the load')
  }

  async #isLevelWithin(ms: number): Promise<boolean> {
    const patience = performance.now() + ms
    const [above] = (await this.#origin.do({ kind: 'held' })).held
    if (!above?.every(({ end }) => end > 0)) throw new Error('the origin has nothing to send')
    do {
      const { held } = await this.#leaves.do({ kind: 'held' })
      const isLevel = held.every((leaf) => {
        return leaf.every(({ end, missing }, i) => end === above[i]!.end && missing === 0)
      })
      if (isLevel) return true
      await new Promise((resolve) => setTimeout(resolve, 50))
    } while (performance.now() < patience)
    return false
  }
}

/** Nodes in a process of their own. */
class NodeProcess {
  readonly #child: ChildProcess = fork(resolve(import.meta.dirname, 'hop-process.ts'))

  async do(order: Order): Promise<Answer> {
    const ended = new AbortController()
    const answered = once(this.#child, 'message', { signal: ended.signal })
    const exited = once(this.#child, 'exit', { signal: ended.signal })
    try {
      await new Promise((resolve) => this.#child.send(order, resolve))
      const [answer] = await Promise.race([answered, exited])
      if (typeof answer !== 'object') throw new Error(`a node of the bench ended with ${answer}`)
      return answer as Answer
    } finally {
      answered.catch(() => {})
      exited.catch(() => {})
      ended.abort()
    }
  }

  async end(): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.disconnect()
    await exited
  }
}
