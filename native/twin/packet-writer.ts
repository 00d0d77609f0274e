import type { PacketPlace } from '#native/packet-store.ts'
import type { HeaderTemplate } from './header-template.ts'
import type { Peer } from './peer.ts'

/** What it takes to get packets on the wire. */
export interface Outlet {
  /** 2048 bytes to build one datagram in. */
  take(): Buffer
  send(datagram: Buffer, length: number, peer: Peer): void
  readonly now: number
  /** An integer from 0 to below the bound, for first sequence numbers (RFC 3550 §5.1). */
  random(bound: number): number
}

/** The identity of one outgoing packet, decided by its track. */
export interface PacketNumbers {
  /** Outgoing index, 48 bits: sequence number and SRTP index in one. */
  readonly index: number
  readonly timestamp: number
}

/** One past the last SRTP index of a key (RFC 3711 §3.3.1). */
const indexEnd = 2 ** 48

/** Builds outgoing packets from stored ones, protects them and hands them over. */
export class PacketWriter {
  readonly #peer: Peer
  readonly #outlet: Outlet

  constructor(peer: Peer, outlet: Outlet) {
    this.#peer = peer
    this.#outlet = outlet
  }

  /** @returns bytes sent; 0 when the key has no index left */
  media(place: PacketPlace, template: HeaderTemplate, numbers: PacketNumbers): number {
    const header = template.bytes.length
    const datagram = this.#outlet.take()
    template.bytes.copy(datagram)
    const length = header + copyPayload(place, datagram, header)
    return this.#send(datagram, template, length, numbers)
  }

  /**
   * A repeat on the retransmission stream (RFC 4588 §4): the original sequence number goes before
   * the payload.
   *
   * @param template of that stream
   * @param numbers `original` is the outgoing index of the packet that is repeated
   * @returns bytes sent; 0 when the key has no index left
   */
  repeat(
    place: PacketPlace,
    template: HeaderTemplate,
    numbers: PacketNumbers & { readonly original: number },
  ): number {
    const header = template.bytes.length
    const datagram = this.#outlet.take()
    template.bytes.copy(datagram)
    datagram.writeUInt16BE(numbers.original & 0xffff, header)
    const length = header + 2 + copyPayload(place, datagram, header + 2)
    return this.#send(datagram, template, length, numbers)
  }

  /** The packet as it is, but for its SSRC and number. @returns bytes sent; 0 past the last index */
  verbatim({ bytes, offset, length }: PacketPlace, ssrc: number, index: number): number {
    if (index >= indexEnd) return 0
    const datagram = this.#outlet.take()
    bytes.copy(datagram, 0, offset, offset + length)
    datagram.writeUInt16BE(index & 0xffff, 2)
    datagram.writeUInt32BE(ssrc, 8)
    const header = headerLength(datagram)
    const sent = this.#peer.sender.protectRtp(datagram, header, length, index)
    this.#outlet.send(datagram, sent, this.#peer)
    return sent
  }

  #send(
    datagram: Buffer,
    { bytes, transportCcAt }: HeaderTemplate,
    length: number,
    { index, timestamp }: PacketNumbers,
  ): number {
    // The next one would be the first index again, with the same key (RFC 3711 §9.2).
    if (index >= indexEnd) return 0
    datagram.writeUInt16BE(index & 0xffff, 2)
    datagram.writeUInt32BE(timestamp, 4)
    if (transportCcAt !== undefined) {
      const whole = length + this.#peer.sender.overhead
      const number = this.#peer.transport.next(this.#outlet.now, whole)
      datagram.writeUInt16BE(number, transportCcAt)
    }
    const sent = this.#peer.sender.protectRtp(datagram, bytes.length, length, index)
    this.#outlet.send(datagram, sent, this.#peer)
    return sent
  }
}

/** Of header, CSRCs and extensions of a packet that was checked when it came. */
function headerLength(packet: Buffer, offset = 0): number {
  const flags = packet[offset]!
  const fixed = 12 + 4 * (flags & 0x0f)
  return flags & 0x10 ? fixed + 4 + 4 * packet.readUInt16BE(offset + fixed + 2) : fixed
}

/** Copies marker, padding flag and payload of a stored packet; returns the payload's length. */
function copyPayload({ bytes, offset, length }: PacketPlace, datagram: Buffer, at: number): number {
  const header = headerLength(bytes, offset)
  datagram[0]! |= bytes[offset]! & 0x20
  datagram[1]! |= bytes[offset + 1]! & 0x80
  bytes.copy(datagram, at, offset + header, offset + length)
  return length - header
}
