import { Child } from './child.ts'
import { compiled } from './compiled.ts'

/** One direction of a line. Everything is off by default. */
export interface LineConditions {
  /** One-way delay in ms. */
  readonly delayMs?: number
  /** Share of packets lost, 0 to 1, independent of one another. */
  readonly loss?: number
  /** Mbit/s; no limit without. */
  readonly rateMbps?: number
  /** Longest wait at the rate limit in ms; what would wait longer is dropped. */
  readonly queueMs?: number
  /** Loses every packet of UDP, as some firewalls do. */
  readonly noUdp?: boolean
  /** Loses every packet to or from this port. */
  readonly closedPort?: number
}

export interface LineCounters {
  readonly forwarded: number
  readonly lost: number
  readonly overflown: number
}

/** Where an end of a line comes out. */
export interface LineEnd {
  readonly namespace: string
  /** Name of the device that is made there. */
  readonly device: string
}

/** A line between devices of two network namespaces, each way with conditions of its own. */
export class LossyLine {
  readonly #child: Child
  #answer = Promise.withResolvers<string>()

  private constructor(near: LineEnd, far: LineEnd, seed: number) {
    const words = [near.namespace, far.namespace, String(seed), near.device, far.device]
    this.#child = new Child(compiled('lossy-link'), words, {
      onLine: (line) => this.#answer.resolve(line),
    })
  }

  /** Makes both devices, which are down yet. Losses repeat with the same seed. */
  static async open(near: LineEnd, far: LineEnd, seed: number): Promise<LossyLine> {
    const line = new LossyLine(near, far, seed)
    await line.#child.expect(line.#answer.promise, 5000, 'the line to come up')
    return line
  }

  /** Changes the conditions of both directions, also in mid-traffic. */
  setBoth(conditions: LineConditions): void {
    this.set('to-far', conditions)
    this.set('to-near', conditions)
  }

  set(direction: 'to-far' | 'to-near', conditions: LineConditions): void {
    const { delayMs = 0, loss = 0, rateMbps = 0, queueMs = 200 } = conditions
    const { noUdp = false, closedPort = 0 } = conditions
    const words = [delayMs * 1e3, loss * 1e6, rateMbps * 1e6, queueMs * 1e3].map(Math.round)
    const name = direction === 'to-far' ? 'ab' : 'ba'
    this.#child.process.stdin?.write(`${name} ${words.join(' ')} ${noUdp ? 1 : 0} ${closedPort}\n`)
  }

  async counters(): Promise<{ readonly toFar: LineCounters; readonly toNear: LineCounters }> {
    this.#answer = Promise.withResolvers()
    this.#child.process.stdin?.write('stats\n')
    const line = await this.#child.expect(this.#answer.promise, 5000, 'the counters of the line')
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = line.split(' ').map(Number)
    return {
      toFar: { forwarded: a, lost: b, overflown: c },
      toNear: { forwarded: d, lost: e, overflown: f },
    }
  }

  /** The devices are gone with it. */
  async close(): Promise<void> {
    await this.#child.stop()
  }
}
