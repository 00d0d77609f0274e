import type { MessageOf } from '#control/messages.ts'
import { streamName } from '#core/stream-name.ts'
import { linkTracks } from '#relay/links/link-description.ts'
import { LinkFeed } from '#relay/links/link-feed.ts'
import { LinkedPublication, type LinkSource } from '#relay/links/linked-publication.ts'
import { Stream } from '#relay/stream.ts'
import type { UpLayer } from '#relay/up-layer.ts'
import { PublicationRig, recordedFormat } from '#test/relay/publication-rig.ts'
import { RecordingPlane } from '#test/support/recording-plane.ts'
import { SimulatedClock, SimulatedScheduler } from '#test/support/simulated-time.ts'

type Asked = Pick<MessageOf<'subscribe'>, 'wanted' | 'have' | 'need' | 'lost'>
export type Told = { readonly type: string } & Record<string, unknown>

/** A publisher of three layers at a node that has a child, as the child is told of it. */
export class Parent {
  readonly rig = new PublicationRig(recordedFormat('obs-32-simulcast-3', 102))
  readonly stream = new Stream(streamName(undefined, 'demo'), 0, 0)
  readonly told: Told[] = []
  readonly feed: LinkFeed
  #ssrc = 0

  /** @param empty whether the node has nothing of the stream yet */
  constructor({ empty = false, ...asked }: Partial<Asked> & { readonly empty?: boolean } = {}) {
    const { rig } = this
    rig.plane.addPeer(50, {} as never, {} as never)
    rig.publication.epoch = 7
    rig.play('obs-32-simulcast-3', undefined, 1000)
    this.feed = new LinkFeed(
      {
        type: 'subscribe',
        subscription: 1,
        stream: 'default/demo',
        below: ['child'],
        wanted: 'all',
        have: [],
        ...asked,
      },
      { stream: this.stream, path: ['parent'] },
      {
        plane: rig.plane,
        clock: rig.clock,
        link: {
          provedPeer: 50,
          runs: new Map(),
          nextSsrc: () => ++this.#ssrc,
          tell: (message) => this.told.push(message),
          refuse: (subscription, refusal) =>
            this.told.push({ type: 'refused', subscription, ...refusal }),
          exhausted: () => {},
        },
      },
    )
    if (empty) for (const layer of this.layers) layer.pause()
    this.stream.publish(rig.publication, 0, 0)
    this.stream.follow(this.feed, 0)
  }

  get layers(): readonly UpLayer[] {
    return this.rig.publication.layers.videoLayers
  }

  take(): Told[] {
    return this.told.splice(0)
  }
}

/** What a child makes of what that parent has. */
export function childOf({ rig }: Parent, wants: (layer: UpLayer) => boolean): LinkedPublication {
  const tracks = linkTracks(rig.publication, () => undefined, 2000)
  const listener = { keyframe: () => {}, offered: () => {} }
  const clock = new SimulatedClock(1000)
  const scheduler = new SimulatedScheduler(clock)
  const services = { plane: new RecordingPlane(), clock, scheduler, listener, wants }
  return new LinkedPublication({ epoch: 7, client: 'obs', tracks }, services)
}

export const source: LinkSource = {
  roundTrip: undefined,
  nack: () => {},
  requestKeyframe: () => {},
  runs: { begin: () => {}, endOf: () => {}, end: () => {} },
  want: () => {},
}

export const rids = (layers: unknown) =>
  (layers as { rid?: string; run?: unknown }[]).filter(({ run }) => run).map(({ rid }) => rid)
