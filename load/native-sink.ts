import { type LoadedAddon, loadAddon } from '#native/addon-file.ts'
import { addressText } from '#webrtc/ip-address.ts'
import type { ClientChannel, DatagramReceiver } from './client-socket.ts'
import type { Endpoint } from './ice-client.ts'
import type { CountListener, PacketCounts, RestoredPacket } from './packet-counts.ts'
import { figureCount, maxStreams, readFigures, type StreamFigures } from './stream-figures.ts'
import type { ViewFormats } from './view-formats.ts'

type SinkHandle = { readonly __sink: never }

/** The functions of `native/addon/load-sink.cc`. They trust the types of what they get. */
interface SinkBinding {
  /** @throws the system's error where no thread is to be had */
  start(wake: () => void): SinkHandle
  stop(sink: SinkHandle): void
  /** Monotonic ms of the native clock. */
  now(sink: SinkHandle): number
  /**
   * @param formats payload type, kind (0 audio, 1 video, 2 RTX) and clock rate of each
   * @param transportCcId 0 for none
   * @returns the session times 2^16, plus its port
   * @throws the system's error when no socket is to be had (EMFILE …)
   */
  open(sink: SinkHandle, family: 4 | 6, formats: Float64Array, transportCcId: number): number
  close(sink: SinkHandle, session: number): void
  send(
    sink: SinkHandle,
    session: number,
    datagram: Buffer,
    length: number,
    address: string,
    port: number,
  ): number
  handUpAll(sink: SinkHandle, session: number, all: boolean): void
  drain(sink: SinkHandle, events: Float64Array, bytes: Buffer): number
  read(sink: SinkHandle, session: number, now: number, into: Float64Array): number
  takeArrivals(sink: SinkHandle, session: number, into: Float64Array): number
  restore(
    sink: SinkHandle,
    session: number,
    ssrc: number,
    sequenceNumber: number,
    marker: boolean,
    length: number,
    now: number,
  ): number
  dropped(sink: SinkHandle): number
}

/** What is shared by the sessions of one sink: buffers that each call fills anew. */
interface SinkParts {
  readonly binding: SinkBinding
  readonly handle: SinkHandle
  /** Native clock minus `performance.now()`, in ms. */
  readonly offset: number
  readonly figures: Float64Array
  readonly arrivals: Float64Array
}

const eventKind = { datagram: 0, gap: 1, late: 2, arrivals: 3 } as const
const eventFields = 6
const eventsAtOnce = 1024
const bytesAtOnce = 1024 * 1024
/** Before each datagram: family, a zero, port, and room for an IPv6 address. */
const sourceSize = 20
/** As many as native code keeps for one session. */
const maxArrivals = 1024
const formatKinds = { audio: 0, video: 1, rtx: 2 } as const

/**
 * The sockets of many viewers, received and counted by a native thread: what JavaScript has to
 * see comes in batches. See `native/addon/load-sink.cc`.
 */
export class NativeSink {
  readonly #parts: SinkParts
  readonly #sessions = new Map<number, NativeSession>()
  readonly #events = new Float64Array(eventsAtOnce * eventFields)
  readonly #bytes = Buffer.alloc(bytesAtOnce)

  private constructor(binding: SinkBinding) {
    const handle = binding.start(() => this.#drain())
    this.#parts = {
      binding,
      handle,
      offset: binding.now(handle) - performance.now(),
      figures: new Float64Array(maxStreams * figureCount),
      arrivals: new Float64Array(maxArrivals * 2),
    }
  }

  /** @returns the sink, or why there is none, as the end of a sentence */
  static open(addon: LoadedAddon = loadAddon()): NativeSink | { readonly why: string } {
    if ('why' in addon) return addon
    const found = addon.binding.loadSink
    if (!found) return { why: 'the native addon is older than this tool: build it again' }
    return new NativeSink(found as SinkBinding)
  }

  /**
   * Opens a session with a UDP socket of its own.
   * @throws the system's error when no socket is to be had (EMFILE …)
   */
  session(family: 4 | 6, formats: ViewFormats | undefined, receiver: DatagramReceiver) {
    const { binding, handle } = this.#parts
    const codes = [...(formats?.byPayloadType ?? [])].flatMap(([payloadType, format]) => {
      return [payloadType, formatKinds[format.kind], format.kind === 'rtx' ? 0 : format.clockRate]
    })
    const transportCcId = formats?.transportCcId ?? 0
    const opened = binding.open(handle, family, Float64Array.from(codes), transportCcId)
    const id = Math.floor(opened / 0x10000)
    const session = new NativeSession(this.#parts, { id, port: opened % 0x10000, receiver }, () =>
      this.#sessions.delete(id),
    )
    this.#sessions.set(id, session)
    return session
  }

  /** Datagrams and notices that were lost because JavaScript did not keep up. */
  get dropped(): number {
    return this.#parts.binding.dropped(this.#parts.handle)
  }

  close(): void {
    for (const session of [...this.#sessions.values()]) session.close()
    this.#parts.binding.stop(this.#parts.handle)
  }

  #drain(): void {
    const { binding, handle, offset } = this.#parts
    const events = this.#events
    for (;;) {
      const count = binding.drain(handle, events, this.#bytes)
      if (count === 0) return
      for (let at = 0; at < count * eventFields; at += eventFields) {
        const session = this.#sessions.get(events[at + 1]!)
        const now = events[at + 2]! - offset
        const [a, b, c] = [events[at + 3]!, events[at + 4]!, events[at + 5]!]
        if (!session) continue
        if (events[at] === eventKind.datagram) session.take(this.#bytes, a, a + b, now)
        else if (events[at] === eventKind.gap) session.listener?.gap(a, b, c, now)
        else if (events[at] === eventKind.late) session.listener?.late(a, b, now)
        else session.listener?.arrivals(now)
      }
    }
  }
}

interface SessionParts {
  readonly id: number
  readonly port: number
  readonly receiver: DatagramReceiver
}

/** One session of a `NativeSink`: its socket, and the counts of what came. */
class NativeSession implements ClientChannel, PacketCounts {
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
      const { firstAt, liveAt } = read
      return { ...read, firstAt: firstAt - offset, liveAt: liveAt && liveAt - offset }
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
