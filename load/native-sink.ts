import { type LoadedAddon, loadAddon } from '#native/addon-file.ts'
import type { DatagramReceiver } from './client-socket.ts'
import { NativeSession, type SinkParts } from './native-session.ts'
import { nativeSrtp } from './native-srtp.ts'
import type { SinkBinding } from './sink-binding.ts'
import type { SrtpMaker } from './srtp.ts'
import { figureCount, maxStreams } from './stream-figures.ts'
import type { ViewFormats } from './view-formats.ts'

const eventKind = { datagram: 0, gap: 1, late: 2, arrivals: 3 } as const
const eventFields = 6
const eventsAtOnce = 1024
const bytesAtOnce = 1024 * 1024
/** Then timers and HTTP get their turn. */
const roundsAtOnce = 8
/** As many as native code keeps for one session. */
const maxArrivals = 1024
const formatKinds = { audio: 0, video: 1, rtx: 2 } as const

/**
 * The sockets of many viewers, received and counted by a native thread: what JavaScript has to
 * see comes in batches. See `native/addon/load-sink.cc`.
 */
export class NativeSink {
  /** For the peers of its sessions. */
  readonly srtp: SrtpMaker
  readonly #parts: SinkParts
  readonly #sessions = new Map<number, NativeSession>()
  readonly #events = new Float64Array(eventsAtOnce * eventFields)
  readonly #bytes = Buffer.alloc(bytesAtOnce)

  private constructor(binding: SinkBinding) {
    this.srtp = nativeSrtp(binding)
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
    const { binding, handle } = this.#parts
    for (let round = 0; round < roundsAtOnce; round++) {
      const count = binding.drain(handle, this.#events, this.#bytes)
      if (count === 0) return
      for (let at = 0; at < count * eventFields; at += eventFields) this.#dispatch(at)
    }
    setImmediate(() => this.#drain())
  }

  // An event of a session that has ended is for nobody.
  #dispatch(at: number): void {
    const events = this.#events
    const session = this.#sessions.get(events[at + 1]!)
    const now = events[at + 2]! - this.#parts.offset
    const [a, b, c] = [events[at + 3]!, events[at + 4]!, events[at + 5]!]
    if (events[at] === eventKind.datagram) session?.take(this.#bytes, a, a + b, now)
    else if (events[at] === eventKind.gap) session?.listener?.gap(a, b, c, now)
    else if (events[at] === eventKind.late) session?.listener?.late(a, b, now)
    else session?.listener?.arrivals(now)
  }
}
