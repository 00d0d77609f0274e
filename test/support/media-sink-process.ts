import { createSocket } from 'node:dgram'
import { createInterface } from 'node:readline'

/*
 * `media-sink-process.ts ADDRESS COUNT` opens COUNT UDP sockets there and prints their ports, as
 * JSON. For every line on stdin it prints what each has received until then: see `SinkReport`.
 * The timestamp of a packet is the time at which it was handed to the sender, in µs of
 * CLOCK_MONOTONIC; that is in the clear, and so is all else that is looked at.
 */

/** What one socket has received. */
export interface SinkReport {
  readonly packets: number
  /** Numbers between the first and the last packet that did not come. */
  readonly missing: number
  /** Packets that came behind one with a later number. */
  readonly reordered: number
  /** For each frame's last packet, ms from the handing over to its arrival. */
  readonly delays: readonly number[]
}

/** Where the clock of RTP begins again, in µs. */
const wrap = 2 ** 32

class Sink {
  packets = 0
  reordered = 0
  readonly delays: number[] = []
  #first = 0
  #last = 0

  receive(datagram: Buffer): void {
    if (datagram[1]! >= 192 && datagram[1]! <= 223) return
    const index = this.#index(datagram.readUInt16BE(2))
    this.packets++
    if (index < this.#last) this.reordered++
    this.#last = Math.max(this.#last, index)
    if ((datagram[1]! & 0x80) === 0) return
    const now = Number(process.hrtime.bigint() / 1000n) % wrap
    this.delays.push(((now - datagram.readUInt32BE(4) + wrap) % wrap) / 1000)
  }

  report(): SinkReport {
    const { packets, reordered, delays } = this
    const missing = packets === 0 ? 0 : this.#last - this.#first + 1 - packets
    return { packets, missing, reordered, delays }
  }

  #index(sequenceNumber: number): number {
    if (this.packets === 0) this.#first = this.#last = sequenceNumber
    return this.#last + (((sequenceNumber - this.#last) << 16) >> 16)
  }
}

const [address = '', count = '1'] = process.argv.slice(2)
const sinks = Array.from({ length: Number(count) }, () => new Sink())
const ports = await Promise.all(
  sinks.map((sink) => {
    const socket = createSocket('udp4')
    socket.on('message', (datagram) => sink.receive(datagram))
    return new Promise<number>((resolve) => {
      socket.bind(0, address, () => {
        socket.setRecvBufferSize(4 * 1024 * 1024)
        resolve(socket.address().port)
      })
    })
  }),
)
print(ports)
const commands = createInterface({ input: process.stdin })
commands.on('line', () => print(sinks.map((sink) => sink.report())))
commands.on('close', () => process.exit())

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}
