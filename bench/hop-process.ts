// Nodes in a process of their own, so that the CPU of one is not in the figure of another: started
// by `hop-rig.ts`, it does one order after the other and answers each.
import type { NodeRecord } from '#control/node-record.ts'
import { type Held, HopNode, type HopNodeOptions } from './hop-node.ts'
import { OriginFeed } from './hop-origin.ts'
import { cpuMicroseconds } from './sampling.ts'

/** How the nodes stand once an order is done. */
export interface Answer {
  readonly records: readonly NodeRecord[]
  readonly account: Account
  /** By node and stream; only of those who were asked for that. */
  readonly held: readonly (readonly Held[])[]
}

/** What all nodes of the process have come to. */
export interface Account {
  /** Microseconds, all threads. */
  readonly cpu: number
  /** Media, packets. */
  readonly received: number
  readonly sent: number
  /** Sent again, for NACKs. */
  readonly repeated: number
  /** Not sent: too late, or no room in the socket. */
  readonly dropped: number
}

export type Order =
  | { readonly kind: 'open'; readonly nodes: readonly HopNodeOptions[] }
  | { readonly kind: 'join' }
  | { readonly kind: 'begin' }
  | { readonly kind: 'feed'; readonly frames: number }
  | { readonly kind: 'held' }
  | { readonly kind: 'tell' }

const nodes: HopNode[] = []
let feed: OriginFeed | undefined

async function done(order: Order): Promise<Answer> {
  switch (order.kind) {
    case 'open':
      for (const options of order.nodes) nodes.push(await HopNode.open(options))
      break
    case 'join':
      for (const node of nodes) node.join()
      break
    case 'begin':
      feed = new OriginFeed(nodes[0]!)
      await feed.begin()
      break
    case 'feed':
      await feed!.feed(order.frames)
      break
    case 'held':
    case 'tell':
      break
  }
  return {
    records: nodes.map(({ record }) => record),
    account: account(),
    held: order.kind === 'held' ? nodes.map((node) => node.held()) : [],
  }
}

function account(): Account {
  const all = nodes.map(({ plane }) => plane.statistics)
  const sum = (of: (one: (typeof all)[number]) => number) => all.reduce((n, one) => n + of(one), 0)
  return {
    cpu: cpuMicroseconds(),
    received: sum(({ received }) => received.packets),
    sent: sum(({ sent }) => sent.packets),
    repeated: sum(({ sent }) => sent.retransmitted),
    dropped: sum(({ sendDrops }) => sendDrops.late + sendDrops.full),
  }
}

process.on('message', (order: Order) => void done(order).then((answer) => process.send!(answer)))
process.on('disconnect', () => process.exit())
