import { randomInt } from 'node:crypto'
import type { Replay, TrackFormat, TrackSource } from '#native/media-plane.ts'
import { SlabPool } from '#native/slab.ts'
import type { SrtpKeys } from '#native/srtp-keys.ts'
import { OutgoingStream } from '#native/twin/outgoing-stream.ts'
import { OutgoingTrack, type Pumped } from '#native/twin/outgoing-track.ts'
import { Peer } from '#native/twin/peer.ts'
import { SourceLog } from '#native/twin/source-log.ts'
import { PacketLog, packetLogLimits } from '#relay/packet-log.ts'
import { type Received, ReceivedReader, withRtx } from '#test/native/received.ts'
import { NonceLedger } from '#test/support/nonce-ledger.ts'
import { labelled, SlabWriter } from '#test/support/stored-packets.ts'

export const keys: SrtpKeys = {
  profile: 7,
  local: { key: Buffer.alloc(16, 1), salt: Buffer.alloc(12, 2) },
  remote: { key: Buffer.alloc(16, 3), salt: Buffer.alloc(12, 4) },
}

export const path = {
  transport: 'udp',
  family: 4,
  remoteAddress: '198.51.100.7',
  remotePort: 40_000,
  localAddress: '203.0.113.5',
} as const

/** A log as an ingest fills it. Packets are 1000 bytes, frames two packets and 3000 ticks. */
export class LogRig {
  readonly name: string
  readonly packets: PacketLog
  readonly source: SourceLog
  readonly #writer = new SlabWriter()

  constructor(name: string, id = 1, limits = packetLogLimits) {
    this.name = name
    this.packets = new PacketLog(limits)
    this.source = new SourceLog(id, this.packets)
  }

  get asTrackSource(): TrackSource {
    return { log: this.source.id, payloadType: 96, rtxPayloadType: 97 }
  }

  /** @returns whether it was news to the log */
  store(index: number, now = 0, bytes?: Buffer): boolean {
    const packet = bytes ?? labelled(`${this.name}${index}`, header(index), 1000)
    const { slab, offset, length } = this.#writer.write(packet)
    return this.packets.append(index, slab, offset, length, now)
  }

  storeAll(from: number, to: number, now = 0): void {
    for (let index = from; index <= to; index++) this.store(index, now)
  }
}

/** Of the packet at that index: the frame's second packet ends it. */
export const header = (index: number) => ({
  sequenceNumber: index & 0xffff,
  timestamp: Math.floor(index / 2) * 3000,
  marker: index % 2 === 1,
})

/** One outgoing track and the viewer it goes to, in simulated time. */
export class TrackRig {
  /** Monotonic ms. */
  now = 1000
  readonly received: Received[] = []
  /** Protected, as they left. */
  readonly datagrams: Buffer[] = []
  readonly peer = new Peer(1, keys, path, new SlabPool())
  readonly track: OutgoingTrack
  readonly #format: TrackFormat
  readonly #ledger = new NonceLedger(keys.profile, keys.local)
  readonly #reader: ReceivedReader

  constructor(format = withRtx) {
    this.#format = format
    this.#reader = new ReceivedReader(format)
    const rig = this
    const outlet = {
      // What a slot held before must not matter.
      take: () => Buffer.alloc(2048, 0xff),
      send: (datagram: Buffer, length: number) => rig.#receive(datagram.subarray(0, length)),
      get now() {
        return rig.now
      },
      random: (bound: number) => randomInt(bound),
    }
    const stream = new OutgoingStream(this.peer, format, outlet)
    this.track = new OutgoingTrack(1, this.peer, stream, outlet)
  }

  /** Media as [number since the first, label], repairs left out. */
  get media(): [number, string][] {
    return this.received.filter(isMedia(this.#format)).map(({ out, label }) => [out, label])
  }

  /** What has come since the last call. */
  take(): Received[] {
    return this.received.splice(0)
  }

  follow(log: LogRig): void {
    this.track.follow(log.asTrackSource, log.source)
  }

  replay(log: LogRig, from: number, options: Partial<Replay> = {}): void {
    this.track.replay(log.asTrackSource, log.source, {
      from,
      pace: 1000,
      burst: 1_000_000,
      ...options,
    })
  }

  /** Stores packets of a log and delivers them, as an ingest does. */
  arrive(log: LogRig, ...indices: readonly number[]): void {
    for (const index of indices) {
      if (log.store(index, this.now) && this.track.log === log.source) this.track.deliver(index)
    }
  }

  /** Lets time pass. */
  pump(ms = 0): Pumped {
    this.now += ms
    return this.track.pump(this.now)
  }

  /** @param outs counted from the first packet, as in `received` */
  nack(...outs: readonly number[]): boolean {
    const first = this.#reader.firstIndex(this.#format.ssrc)!
    return this.track.retransmit(outs.map((out) => (first + out) & 0xffff))
  }

  #receive(borrowed: Buffer): void {
    const sent = this.#ledger.record(borrowed)
    this.datagrams.push(sent.datagram)
    this.received.push(this.#reader.read(sent))
  }
}

const isMedia =
  ({ ssrc }: TrackFormat) =>
  (one: Received): boolean =>
    one.ssrc === ssrc && !one.repeated
