import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from '#core/clock.ts'
import { type StreamName, streamKey } from '#core/stream-name.ts'
import type { SessionEvents } from '#edge/session-events.ts'
import type { Links } from '#relay/links/links.ts'
import type { Cluster } from './cluster.ts'

export interface DrainOptions {
  readonly cluster: Pick<Cluster, 'drain' | 'hasOthers'>
  readonly events: Pick<SessionEvents, 'reconnectEach'>
  /** Origin of the node that a viewer of this stream shall go to. */
  refuge(stream: string): string | undefined
  /** Viewers here. */
  remaining(): number
  /** Nodes that get streams from here; undefined for a node that is alone. */
  links(): Pick<Links, 'drain' | 'undrain' | 'children'> | undefined
  /** How long it may take, in ms. */
  readonly within: number
  readonly clock: Clock
}

/** Between two looks at who is still here, in ms. */
const interval = 50

/** Empties a node, so that it can be stopped without anybody's loss. */
export class Drain {
  readonly #options: DrainOptions

  constructor(options: DrainOptions) {
    this.#options = options
  }

  /** Takes nobody new from now on, and asks viewers to go to other nodes. Publishers stay. */
  begin(): void {
    const { cluster, events, refuge, links } = this.#options
    cluster.drain()
    links()?.drain()
    const known = new Map<string, string | undefined>()
    events.reconnectEach((name) => {
      const stream = streamKey(name)
      if (!known.has(stream)) known.set(stream, urlAt(refuge(stream), name))
      return known.get(stream)
    })
  }

  /** Takes clients again. Who has gone does not come back. */
  cancel(): void {
    this.#options.cluster.drain(false)
    this.#options.links()?.undrain()
  }

  /** @returns when everybody has gone, or there is nowhere to go, or when the time is over */
  async done(): Promise<void> {
    const { cluster, remaining, links, clock, within } = this.#options
    const deadline = clock.now() + within
    const isLeft = () => remaining() > 0 || (links()?.children ?? 0) > 0
    while (cluster.hasOthers && isLeft() && clock.now() < deadline) await pause(interval)
  }
}

function urlAt(origin: string | undefined, { tenant, stream }: StreamName): string | undefined {
  return origin === undefined ? undefined : `${origin}/whep/${tenant}/${stream}`
}
