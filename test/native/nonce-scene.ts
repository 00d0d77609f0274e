import { setImmediate as turn } from 'node:timers/promises'
import type { TrackFormat, TrackSource } from '#native/media-plane.ts'
import type { PacketPlace } from '#native/packet-store.ts'
import type { SrtpProfile } from '#native/srtp-keys.ts'
import { LayerFeed, type Publisher } from './layer-feed.ts'
import { LinkChild } from './link-child.ts'
import type { LogFeed } from './log-feed.ts'
import type { PlaneRig } from './plane-rig.ts'
import { withoutRtx, withRtx } from './received.ts'
import { until } from './until.ts'
import type { Viewer } from './viewer.ts'

/** What may happen to viewers and logs. `layer` and `viewer` are taken modulo what there is. */
export type Step = { readonly layer: number; readonly viewer: number } & (
  | { readonly kind: 'arrive'; readonly skip: number; readonly count: number }
  | { readonly kind: 'repair' | 'race' | 'late'; readonly back: number; readonly forged: boolean }
  | {
      readonly kind: 'replay'
      readonly back: number
      readonly pace: number
      readonly sets: boolean
    }
  | { readonly kind: 'nack' | 'runNack'; readonly back: number; readonly count: number }
  | { readonly kind: 'run'; readonly back: number; readonly pace: number }
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'pace'; readonly pace: number }
  | { readonly kind: 'probe'; readonly pace: number; readonly bytes: number }
  | {
      readonly kind:
        | 'follow'
        | 'silence'
        | 'keyframe'
        | 'epoch'
        | 'join'
        | 'part'
        | 'move'
        | 'settle'
        | 'endRun'
    }
)

// Short limits, so that a run of a hundred steps meets eviction and refused packets.
const limits = { minimumAge: 25, maximumAge: 200, maximumBytes: 60_000 }
const { rtxSsrc: _, ...numbersWithoutRtx } = withRtx
const viewerKinds: readonly { readonly format: TrackFormat; readonly profile: SrtpProfile }[] = [
  { format: withRtx, profile: 7 },
  { format: withoutRtx, profile: 7 },
  { format: numbersWithoutRtx, profile: 7 },
  { format: withRtx, profile: 1 },
]
const mostViewers = 4
const layerCount = 2
/** Packets that the publisher keeps back may still come this long after. */
const mostKeptBack = 900

interface Layer {
  readonly feed: LayerFeed
  /** Publisher's index of the next packet. */
  next: number
  /** Sent never or not yet. */
  readonly keptBack: number[]
}

/** A publisher that means harm, its layers, and viewers to whom anything may happen. */
export class NonceScene {
  readonly #rig: PlaneRig
  readonly #publisher: Publisher
  readonly #layers: Layer[] = []
  readonly #viewers: Viewer[] = []
  readonly #child: LinkChild
  readonly #place: PacketPlace = { bytes: Buffer.alloc(0), offset: 0, length: 0 }
  #made = 0

  private constructor(rig: PlaneRig, publisher: Publisher, child: LinkChild) {
    this.#rig = rig
    this.#child = child
    this.#publisher = publisher
    rig.onMedia = (_peer, batch) => {
      for (let i = 0; i < batch.count; i++) {
        const ssrc = batch.slab.bytes.readUInt32BE(batch.offsets[i]! + 8)
        this.#layers.find(({ feed }) => feed.ssrc === ssrc)?.feed.receive(batch, i)
      }
    }
  }

  static async open(rig: PlaneRig): Promise<NonceScene> {
    const child = new LinkChild(rig.plane, await rig.viewer(withoutRtx))
    const scene = new NonceScene(rig, await rig.peer(), child)
    for (let i = 0; i < layerCount; i++) scene.#layers.push(scene.#layer())
    for (const _kind of viewerKinds) await scene.#join()
    // Close to the second wrap of the outgoing numbers, wherever below 2^14 they begin.
    const before = rig.log('before')
    for (const viewer of scene.#viewers) rig.follow(viewer, before)
    before.arrive(1, 25_000, 50_000, 75_000, 100_000, 115_000)
    for (const [i, viewer] of scene.#viewers.entries()) {
      const { log } = scene.#layers[i % layerCount]!.feed
      rig.plane.follow(viewer.track, scene.#source(log, viewer))
    }
    return scene
  }

  /** What came, over all viewers still there, and of runs to the other node. */
  get received() {
    const all = this.#viewers.flatMap(({ peer }) => peer.media)
    const linked = this.#child.viewer.peer.media
    return {
      packets: all.length,
      linked: linked.length,
      linkedAgain: linked.filter(({ repeated }) => repeated).length,
      repeats: all.filter(({ ssrc, repeated }) => repeated || ssrc === withRtx.rtxSsrc).length,
      wraps: Math.max(0, ...all.map(({ index }) => Math.floor(index / 0x10000))),
    }
  }

  async take(step: Step): Promise<void> {
    const layer = this.#layers[step.layer % layerCount]!
    const viewer = this.#viewers[step.viewer % Math.max(1, this.#viewers.length)]
    if (viewer) this.#command(step, layer, viewer)
    if (step.kind === 'join') await this.#join()
    else if (step.kind === 'settle') await this.settled()
    else await turn()
  }

  /** Waits until all that was sent has come, and all that was asked has left. */
  async settled(): Promise<void> {
    this.#rig.check()
    await until(() => this.#layers.every(({ feed }) => feed.hasAll))
    for (const viewer of [...this.#viewers, this.#child.viewer]) await viewer.settled()
  }

  #command(step: Step, layer: Layer, viewer: Viewer): void {
    const { plane } = this.#rig
    const { log } = layer.feed
    switch (step.kind) {
      case 'arrive':
        this.#arrive(layer, step)
        break
      case 'repair':
      case 'race':
      case 'late':
        this.#late(layer, step)
        break
      case 'replay':
        this.#replay(layer, viewer, step)
        break
      case 'nack':
        this.#nack(viewer, step)
        break
      case 'run':
        this.#run(layer, step)
        break
      case 'runNack':
        this.#child.nack(step.viewer, step.back, step.count)
        break
      case 'endRun':
        this.#child.end(step.viewer)
        break
      case 'time':
        log.now += step.ms
        break
      case 'pace':
        plane.setLivePace(viewer.track, step.pace)
        break
      case 'probe':
        plane.probe(viewer.track, { cluster: 1, pace: step.pace, bytes: step.bytes })
        break
      case 'silence':
        plane.silence(viewer.track)
        break
      case 'follow':
        plane.follow(viewer.track, this.#source(log, viewer))
        break
      case 'keyframe':
        if (log.packets.locate(log.packets.end - 1, this.#place)) {
          log.packets.markKeyframe(log.packets.end - 1)
        }
        break
      case 'epoch':
        log.close()
        this.#layers[this.#layers.indexOf(layer)] = this.#layer()
        break
      case 'part':
        plane.removePeer(viewer.id)
        this.#viewers.splice(this.#viewers.indexOf(viewer), 1)
        break
      case 'move':
        plane.movePeer(viewer.id, viewer.peer.path)
        break
      case 'join':
      case 'settle':
      // Take time, so `take` does them.
    }
  }

  #arrive({ feed, keptBack, ...layer }: Layer, step: Step & { kind: 'arrive' }): void {
    const from = layer.next + step.skip
    for (let index = layer.next; index < from; index++) {
      if (from - index < mostKeptBack) keptBack.push(index)
    }
    for (let index = from; index < from + step.count; index++) feed.send(index)
    this.#layers.find((one) => one.feed === feed)!.next = from + step.count
  }

  // An RTX packet of a publisher may name any number and say anything: of a packet that came, that
  // comes at the same moment, that comes later, or that was dropped long ago.
  #late({ feed, next, keptBack }: Layer, step: Step & { kind: 'repair' | 'race' | 'late' }): void {
    const { back, forged, kind } = step
    if (kind === 'late') {
      const index = keptBack.splice(-1 - (back % Math.max(1, keptBack.length)), 1)[0]
      if (index === undefined || next - index > mostKeptBack) return
      if (forged) feed.repair(index, `forged${index}`)
      feed.send(index)
      return
    }
    const index = kind === 'race' ? next : next + 4 - back
    const label = forged ? `forged${index}` : `${feed.log.name}${index}`
    if (kind === 'repair') {
      feed.repair(index, label)
      return
    }
    this.#layers.find((one) => one.feed === feed)!.next++
    feed.send(index)
    feed.repair(index, label)
  }

  #replay({ feed }: Layer, viewer: Viewer, step: Step & { kind: 'replay' }): void {
    const { packets } = feed.log
    const from = packets.end - 1 - step.back
    if (!packets.locate(from, this.#place)) return
    const prefix = [Buffer.from('sps'), Buffer.from('pps')]
    const { pace } = step
    const replay = { from, pace, burst: 1500, ...(step.sets && { prefix }) }
    this.#rig.plane.replay(viewer.track, this.#source(feed.log, viewer), replay)
  }

  #run({ feed }: Layer, { back, pace }: Step & { kind: 'run' }): void {
    const from = feed.log.packets.end - 1 - back
    if (feed.log.packets.locate(from, this.#place)) this.#child.begin(feed.log, from, pace)
  }

  // Of half of the viewers all packets are numbered: with two numbers a packet is two packets.
  #source(log: LogFeed, { id }: Viewer): TrackSource {
    return { ...log.source, numbered: id % 2 === 0 }
  }

  #nack(viewer: Viewer, { back, count }: Step & { kind: 'nack' | 'runNack' }): void {
    if (viewer.media.length === 0) return
    const last = Math.max(...viewer.media.map(([out]) => out))
    viewer.nack(...Array.from({ length: count }, (_, i) => last - back + i))
  }

  #layer(): Layer {
    const id = ++this.#made
    const stream = { ssrc: 0x5000 + id, name: `log${id} `, limits }
    const feed = new LayerFeed(this.#rig, this.#publisher, stream)
    // The first packet tells the receiver where its count begins, so it lies below 2^16.
    const first = 0xfffa - id * 7
    feed.send(first)
    return { feed, next: first + 1, keptBack: [] }
  }

  async #join(): Promise<void> {
    if (this.#viewers.length >= mostViewers) return
    const { format, profile } = viewerKinds[this.#made++ % viewerKinds.length]!
    const viewer = await this.#rig.viewer(format, { profile })
    this.#viewers.push(viewer)
    const { log } = this.#layers[this.#made % layerCount]!.feed
    this.#rig.plane.follow(viewer.track, this.#source(log, viewer))
  }
}
