import { loadAddon } from '#native/addon-file.ts'
import { AddonPlane, type Rung } from '#native/addon-plane.ts'
import type { MediaPlane, MediaPlaneListener, TrackId } from '#native/media-plane.ts'
import type { Path } from '#native/path.ts'
import type { SrtpKeys } from '#native/srtp-keys.ts'
import { TwinPlane } from '#native/twin/twin-plane.ts'
import { UpLayer } from '#relay/up-layer.ts'
import { RtpPacket } from '#rtp/packet.ts'
import { publishedAs } from './published-as.ts'
import { randomKeys, silentListener, videoFormat } from './twin-setup.ts'

/** A way to send: a rung of the addon, or the twin. */
export type Way = Rung | 'twin'

export interface RigOptions {
  readonly way: Way
  readonly viewers: number
  /** Of the sink. */
  readonly port: number
  /** Shards of the addon. */
  readonly threads?: number
  /** Viewers get nothing until they replay. */
  readonly silent?: boolean
}

const loopback = '127.0.0.1'
const publisherPeer = 1

/** A media plane with viewers of one publisher, as the relay uses it: every layer of ours is in. */
export class FanOutRig {
  readonly plane: MediaPlane
  readonly tracks: readonly TrackId[]
  readonly video: UpLayer
  readonly #audio: UpLayer
  /** Replays that have reached the live end. */
  caughtUp = 0
  readonly #packet = new RtpPacket()
  readonly #routed = new Set<number>()

  private constructor(plane: MediaPlane, { viewers, port, silent = false }: RigOptions) {
    this.plane = plane
    const common = { rid: undefined, repair: false, keyframeAnswers: 'no' } as const
    this.video = new UpLayer(plane, { ...common, codec: 'H264', clockRate: 90_000 })
    this.#audio = new UpLayer(plane, { ...common, codec: 'opus', clockRate: 48_000 })
    this.tracks = Array.from({ length: viewers }, (_, i) => this.#addViewer(i + 2, port, silent))
  }

  static async open(options: RigOptions): Promise<FanOutRig> {
    let rig: FanOutRig | undefined
    const listener: MediaPlaneListener = {
      ...silentListener,
      media: (peer, batch) => rig?.receive(peer, batch),
      congested: () => {},
      caughtUp: () => {
        if (rig) rig.caughtUp++
      },
    }
    rig = new FanOutRig(await openPlane(options, listener), options)
    return rig
  }

  /** Media sent to viewers. */
  get sent(): number {
    return this.plane.statistics.sent.packets
  }

  /** Media that will not leave any more: too late, or no room in the socket. */
  get dropped(): number {
    const { late, full } = this.plane.statistics.sendDrops
    return late + full
  }

  get port(): number {
    return this.plane.addresses[0]!.port
  }

  addPublisher(keys: SrtpKeys, port: number): void {
    this.plane.addPeer(publisherPeer, keys, pathTo(loopback, port))
  }

  /** As `Publication` does, without feedback. */
  receive: MediaPlaneListener['media'] = (peer, batch) => {
    for (let i = 0; i < batch.count; i++) {
      const offset = batch.offsets[i]!
      const now = batch.arrivedAt[i]!
      if (!this.#packet.read(batch.slab.bytes, offset, offset + batch.lengths[i]!)) continue
      const { ssrc } = this.#packet
      const layer = ssrc === publishedAs.video.ssrc ? this.video : this.#audio
      const given = batch.indices?.[i]
      const sent = given === undefined || Number.isNaN(given) ? undefined : given
      const index = layer.receive(this.#packet, batch.slab, { now, repaired: false, sent })
      if (this.#routed.has(ssrc)) continue
      this.#routed.add(ssrc)
      this.plane.route(peer, ssrc, layer.logId, index)
    }
    this.video.flush()
    this.#audio.flush()
  }

  /** @throws when anything was not sent that should have been */
  async close(): Promise<void> {
    const { sendErrors, datagramsSent } = this.plane.statistics
    await this.plane.close()
    if (sendErrors > 0) throw new Error(`${sendErrors} errors, ${datagramsSent} sent`)
  }

  // Every address of 127/8 is ours, so that each viewer has one of its own, as in the world.
  #addViewer(peer: number, port: number, silent: boolean): TrackId {
    const path = pathTo(`127.1.${peer >> 8}.${peer & 0xff}`, port)
    this.plane.addPeer(peer, randomKeys(), path)
    const video = this.plane.addTrack(peer, videoFormat(peer))
    if (silent) return video
    this.plane.follow(video, { log: this.video.logId, payloadType: 96 })
    const audio = this.plane.addTrack(peer, {
      kind: 'audio',
      ssrc: 0x3000_0000 + peer,
      clockRate: 48_000,
      cname: 'bench',
    })
    this.plane.follow(audio, { log: this.#audio.logId, payloadType: 111 })
    return video
  }
}

function pathTo(remoteAddress: string, remotePort: number): Path {
  return { transport: 'udp', family: 4, remoteAddress, remotePort, localAddress: loopback }
}

function openPlane(options: RigOptions, listener: MediaPlaneListener): Promise<MediaPlane> {
  const { way, threads = 1 } = options
  if (way === 'twin') return TwinPlane.open([loopback], 0, listener)
  const addon = loadAddon()
  if ('why' in addon) throw new Error(addon.why)
  const settings = { addresses: [loopback], port: 0, rung: way, threads }
  return AddonPlane.open(addon.binding, settings, listener)
}
