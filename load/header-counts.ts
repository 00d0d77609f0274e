import { ExtensionCursor } from '#rtp/extension-cursor.ts'
import { readTransportSequence } from '#rtp/header-extensions.ts'
import { isRtcp } from '#rtp/packet.ts'
import { HeaderCounter } from './header-counter.ts'
import type {
  CountListener,
  PacketCounts,
  RestoredPacket,
  TransportArrival,
} from './packet-counts.ts'
import { maxStreams, type StreamFigures } from './stream-figures.ts'
import type { ViewFormats } from './view-formats.ts'

/** Feedback is due after 100 ms: this is 10,000 packets/s. */
const maxArrivals = 1024
const rtpHeaderSize = 12

/** Counts one session in TypeScript, as `native/addon/load-session.cc` does. */
export class HeaderCounts implements PacketCounts {
  readonly #formats: ViewFormats
  readonly #streams: HeaderCounter[] = []
  readonly #extensions = new ExtensionCursor()
  #arrivals: TransportArrival[] = []
  #listener: CountListener | undefined

  constructor(formats: ViewFormats) {
    this.#formats = formats
  }

  listen(listener: CountListener): void {
    this.#listener = listener
  }

  handUpAll(): void {
    // Every datagram passes JavaScript anyway.
  }

  receive(datagram: Buffer, now: number): void {
    if (datagram.length < rtpHeaderSize || datagram[0]! >> 6 !== 2 || isRtcp(datagram)) return
    if (!this.#readExtensions(datagram, now)) return
    const second = datagram[1]!
    const format = this.#formats.byPayloadType.get(second & 0x7f)
    if (!format || format.kind === 'rtx') return
    const ssrc = datagram.readUInt32BE(8)
    const stream = this.#streamOf(ssrc) ?? this.#open(ssrc, format)
    if (!stream) return
    const sequenceNumber = datagram.readUInt16BE(2)
    const verdict = stream.receive(
      {
        sequenceNumber,
        timestamp: datagram.readUInt32BE(4),
        marker: (second & 0x80) !== 0,
        length: datagram.length,
      },
      now,
    )
    if (verdict.kind === 'gap') this.#listener?.gap(ssrc, verdict.before, sequenceNumber, now)
    else if (verdict.kind === 'late') this.#listener?.late(ssrc, sequenceNumber, now)
  }

  restore(packet: RestoredPacket, now: number): boolean {
    return this.#streamOf(packet.ssrc)?.restore(packet, now) ?? false
  }

  figures(now: number): StreamFigures[] {
    return this.#streams.map((stream) => stream.figures(now))
  }

  takeArrivals(): TransportArrival[] {
    const taken = this.#arrivals
    this.#arrivals = []
    return taken
  }

  // False when the header does not fit its datagram.
  #readExtensions(datagram: Buffer, now: number): boolean {
    const block = rtpHeaderSize + 4 * (datagram[0]! & 0x0f)
    if ((datagram[0]! & 0x10) === 0) return block <= datagram.length
    if (block + 4 > datagram.length) return false
    const end = block + 4 + 4 * datagram.readUInt16BE(block + 2)
    if (end > datagram.length) return false
    const id = this.#formats.transportCcId
    const extensions = this.#extensions
    extensions.reset(datagram, datagram.readUInt16BE(block), block + 4, end)
    if (id === undefined || !extensions.find(id)) return true
    const sequenceNumber = readTransportSequence(datagram, extensions.start, extensions.end)
    if (sequenceNumber !== undefined) this.#noteArrival({ sequenceNumber, at: now })
    return true
  }

  #noteArrival(arrival: TransportArrival): void {
    if (this.#arrivals.length < maxArrivals) this.#arrivals.push(arrival)
    if (this.#arrivals.length === 1) this.#listener?.arrivals(arrival.at)
  }

  #streamOf(ssrc: number): HeaderCounter | undefined {
    return this.#streams.find((stream) => stream.ssrc === ssrc)
  }

  #open(ssrc: number, { kind, clockRate }: { kind: 'audio' | 'video'; clockRate: number }) {
    if (this.#streams.length === maxStreams) return undefined
    const stream = new HeaderCounter(ssrc, kind, clockRate)
    this.#streams.push(stream)
    return stream
  }
}
