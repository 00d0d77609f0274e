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
    const { bytes, transportCcAt } = template
    const datagram = this.#outlet.take()
    bytes.copy(datagram)
    const length = bytes.length + copyPayload(place, datagram, bytes.length)
    datagram.writeUInt16BE(numbers.index & 0xffff, 2)
    datagram.writeUInt32BE(numbers.timestamp, 4)
    if (transportCcAt !== undefined) {
      const sent = length + this.#peer.sender.overhead
      const number = this.#peer.transport.next(this.#outlet.now, sent)
      datagram.writeUInt16BE(number, transportCcAt)
    }
    return this.#send(datagram, bytes.length, length, numbers.index)
  }

  /**
   * A repeat on the retransmission stream (RFC 4588 §4): the original sequence number goes before
   * the payload.
   *
   * @param original outgoing index of the packet that is repeated
   * @returns bytes sent
   */
  repeat(
    place: PacketPlace,
    original: number,
    rtx: PacketNumbers & { readonly ssrc: number; readonly payloadType: number },
  ): number {
    const datagram = this.#outlet.take()
    datagram[0] = 0x80
    datagram[1] = rtx.payloadType
    datagram.writeUInt16BE(rtx.index & 0xffff, 2)
    datagram.writeUInt32BE(rtx.timestamp, 4)
    datagram.writeUInt32BE(rtx.ssrc, 8)
    datagram.writeUInt16BE(original & 0xffff, 12)
    const length = 14 + copyPayload(place, datagram, 14)
    return this.#send(datagram, 12, length, rtx.index)
  }

  #send(datagram: Buffer, headerLength: number, length: number, index: number): number {
    // The next one would be the first index again, with the same key (RFC 3711 §9.2).
    if (index >= indexEnd) return 0
    const sent = this.#peer.sender.protectRtp(datagram, headerLength, length, index)
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
