import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { Path } from '#native/path.ts'
import type { SrtpKeys } from '#native/srtp-keys.ts'
import { SrtpReceiver } from '#native/twin/srtp-receiver.ts'
import { SrtpSender } from '#native/twin/srtp-sender.ts'
import { isRtcp, RtpPacket } from '#rtp/packet.ts'
import { type RtcpPacket, readRtcp } from '#rtp/rtcp/compound.ts'
import { NonceLedger } from '#test/support/nonce-ledger.ts'

/** A peer behind a real socket on loopback, secured with keys that both sides were given. */
export class UdpPeer {
  /** As the plane is to know them. */
  readonly keys: SrtpKeys
  readonly rtp: RtpPacket[] = []
  readonly rtcp: RtcpPacket[] = []
  /** What is neither. */
  readonly control: Buffer[] = []
  readonly #socket: Socket
  readonly #sender: SrtpSender
  readonly #receiver: SrtpReceiver
  readonly #ledger = new NonceLedger()

  private constructor(socket: Socket, profile: SrtpKeys['profile']) {
    const saltLength = profile === 7 ? 12 : 14
    const keyed = (byte: number) => ({
      key: Buffer.alloc(16, byte),
      salt: Buffer.alloc(saltLength, byte),
    })
    const { port } = socket.address()
    this.keys = { profile, local: keyed(port & 0xff), remote: keyed((port >> 8) + 1) }
    this.#sender = new SrtpSender(profile, this.keys.remote)
    this.#receiver = new SrtpReceiver(profile, this.keys.local)
    this.#socket = socket
    socket.on('message', (datagram) => this.#receive(datagram))
  }

  static async open(profile: SrtpKeys['profile'] = 7): Promise<UdpPeer> {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return new UdpPeer(socket, profile)
  }

  get path(): Path {
    return {
      family: 4,
      remoteAddress: '127.0.0.1',
      remotePort: this.#socket.address().port,
      localAddress: '127.0.0.1',
    }
  }

  send(datagram: Buffer, port: number): void {
    this.#socket.send(datagram, port, '127.0.0.1')
  }

  protect(packet: Buffer): Buffer {
    const view = RtpPacket.parse(packet)!
    const into = Buffer.alloc(packet.length + this.#sender.overhead)
    packet.copy(into)
    const headerLength = view.payloadStart
    return into.subarray(
      0,
      this.#sender.protectRtp(into, headerLength, packet.length, view.sequenceNumber),
    )
  }

  protectRtcp(compound: Buffer): Buffer {
    return this.#sender.protectRtcp(compound)
  }

  /** Waits until something received makes it true. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await once(this.#socket, 'message')
  }

  close(): void {
    this.#socket.close()
  }

  #receive(datagram: Buffer): void {
    if (datagram[0]! >> 6 !== 2) {
      this.control.push(datagram)
    } else if (isRtcp(datagram)) {
      const compound = this.#receiver.unprotectRtcp(datagram)
      if (compound) this.rtcp.push(...readRtcp(compound))
    } else {
      this.#ledger.record(datagram)
      const plain = Buffer.alloc(datagram.length)
      const length = this.#receiver.unprotectRtp(datagram, plain, 0)
      if (length !== undefined) this.rtp.push(RtpPacket.parse(plain.subarray(0, length))!)
    }
  }
}
