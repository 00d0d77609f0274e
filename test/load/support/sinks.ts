import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { Endpoint } from '#load/ice-client.ts'
import { NativeSink } from '#load/native-sink.ts'
import { loadAddon } from '#native/addon-file.ts'

const opened = NativeSink.open()

/** Why native code does not count here; undefined where it does. */
export const whyNoSink = 'why' in opened ? opened.why : undefined
if ('why' in opened) process.stderr.write(`counting in native code is not tested: ${opened.why}\n`)
else opened.close()

/** A sink of its own. @throws Error where there is no addon */
export function openSink(): NativeSink {
  const sink = NativeSink.open(loadAddon())
  if ('why' in sink) throw new Error(sink.why)
  return sink
}

/** A UDP socket that sends to one port. */
export class Sender implements AsyncDisposable {
  readonly #socket
  readonly #to: Endpoint

  private constructor(to: Endpoint) {
    this.#to = to
    this.#socket = createSocket(to.address.includes(':') ? 'udp6' : 'udp4')
  }

  static async open(port: number, address = '127.0.0.1'): Promise<Sender> {
    const sender = new Sender({ address, port })
    sender.#socket.bind(0, address)
    await once(sender.#socket, 'listening')
    return sender
  }

  get port(): number {
    return this.#socket.address().port
  }

  get socket() {
    return this.#socket
  }

  /** Resolves when the kernel has it. */
  send(datagram: Buffer): Promise<void> {
    const { address, port } = this.#to
    return new Promise((resolve, reject) => {
      this.#socket.send(datagram, port, address, (error) => (error ? reject(error) : resolve()))
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#socket, 'close')
    this.#socket.close()
    await closed
  }
}

/** Longest wait for anything, in ms. */
const patience = 10_000

/** Waits until the condition holds: another thread does the work. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + patience
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${condition}`)
    await delay(1)
  }
}
