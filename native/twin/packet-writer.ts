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

/** Copies marker, padding flag and payload of a stored packet; returns the payload's length. */
function copyPayload({ bytes, offset, length }: PacketPlace, datagram: Buffer, at: number): number {
  const flags = bytes[offset]!
  let header = 12 + 4 * (flags & 0x0f)
  if (flags & 0x10) header += 4 + 4 * bytes.readUInt16BE(offset + header + 2)
  datagram[0]! |= flags & 0x20
  datagram[1]! |= bytes[offset + 1]! & 0x80
  bytes.copy(datagram, at, offset + header, offset + length)
  return length - header
}
