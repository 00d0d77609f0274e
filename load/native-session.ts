import { addressText } from '#webrtc/ip-address.ts'
import type { ClientChannel, DatagramReceiver } from './client-socket.ts'
import type { Endpoint } from './ice-client.ts'
import type { CountListener, PacketCounts, RestoredPacket } from './packet-counts.ts'
import type { SinkBinding, SinkHandle } from './sink-binding.ts'
import { readFigures, type StreamFigures } from './stream-figures.ts'

/** Before each datagram: family, a zero, port, and room for an IPv6 address. */
const sourceSize = 20

/** What is shared by the sessions of one sink: buffers that each call fills anew. */
export interface SinkParts {
  readonly binding: SinkBinding
  readonly handle: SinkHandle
  /** Native clock minus `performance.now()`, in ms. */
  readonly offset: number
  readonly figures: Float64Array
  readonly arrivals: Float64Array
}

export interface SessionParts {
  readonly id: number
  readonly port: number
  readonly receiver: DatagramReceiver
}

/** One session of a `NativeSink`: its socket, and the counts of what came. */
export class NativeSession implements ClientChannel, PacketCounts {
  readonly port: number
  listener: CountListener | undefined
  readonly #sink: SinkParts
  readonly #id: number
  readonly #receiver: DatagramReceiver
  readonly #onClose: () => void
  readonly #source = Buffer.alloc(sourceSize)
  #from: Endpoint = { address: '', port: 0 }
  /** Once closed: what it came to. */
  #last: StreamFigures[] | undefined

  constructor(sink: SinkParts, parts: SessionParts, onClose: () => void) {
    this.#sink = sink
    this.#id = parts.id
    this.port = parts.port
    this.#receiver = parts.receiver
    this.#onClose = onClose
  }

  listen(listener: CountListener): void {
    this.listener = listener
  }

  /** Hands a datagram on, with its source before it. */
  take(bytes: Buffer, start: number, end: number, now: number): void {
    if (bytes.compare(this.#source, 0, sourceSize, start - sourceSize, start) !== 0) {
      bytes.copy(this.#source, 0, start - sourceSize, start)
      const size = this.#source[0] === 6 ? 16 : 4
      this.#from = {
        address: addressText(this.#source.subarray(4, 4 + size)),
        port: this.#source.readUInt16BE(2),
      }
    }
    this.#receiver.datagram(bytes.subarray(start, end), this.#from, now)
  }

  send(datagram: Buffer, length: number, address: string, port: number): void {
    const { binding, handle } = this.#sink
    // Unreachable peers show up here; checks and consent decide about those.
    binding.send(handle, this.#id, datagram, length, address, port)
  }

  close(): void {
    if (this.#last) return
    this.#last = this.figures(performance.now())
    this.#sink.binding.close(this.#sink.handle, this.#id)
    this.#onClose()
  }

  handUpAll(all: boolean): void {
    this.#sink.binding.handUpAll(this.#sink.handle, this.#id, all)
  }

  receive(): void {
    // Counted when it came.
  }

  restore({ ssrc, sequenceNumber, marker, length }: RestoredPacket, now: number): boolean {
    const { binding, handle, offset } = this.#sink
    const at = now + offset
    return binding.restore(handle, this.#id, ssrc, sequenceNumber, marker, length, at) === 1
  }

  figures(now: number): StreamFigures[] {
    if (this.#last) return this.#last
    const { binding, handle, offset, figures } = this.#sink
    const count = binding.read(handle, this.#id, now + offset, figures)
    return Array.from({ length: count }, (_, stream) => {
      const read = readFigures(figures, stream)
      const { wholeAt, firstAt, liveAt } = read
      return {
        ...read,
        wholeAt: wholeAt && wholeAt - offset,
        firstAt: firstAt - offset,
        liveAt: liveAt && liveAt - offset,
      }
    })
  }

  takeArrivals() {
    const { binding, handle, offset, arrivals } = this.#sink
    const count = binding.takeArrivals(handle, this.#id, arrivals)
    return Array.from({ length: count }, (_, i) => {
      return { sequenceNumber: arrivals[2 * i]!, at: arrivals[2 * i + 1]! - offset }
    })
  }
}
