import { type HandshakeMessage, handshakeHeaderSize, writeFragment } from './handshake-message.ts'
import { type RecordCipher, sealOverhead } from './record-cipher.ts'
import { contentType, recordHeader, recordHeaderSize } from './records.ts'

/** Part of a flight, as it was composed: records are made anew each time it is sent. */
export type FlightPart =
  | { readonly kind: 'handshake'; readonly epoch: 0 | 1; readonly message: HandshakeMessage }
  | { readonly kind: 'change-cipher-spec' }

export type Flight = readonly FlightPart[]

/** Bytes of UDP payload: passes IPv6, a tunnel or two, and is what browsers send. */
const maxDatagram = 1200
/** A fragment shorter than this is not worth its headers: the next datagram takes it. */
const minFragment = 64

/** Numbers and seals what leaves. No number of an epoch is ever used twice. */
export class RecordWriter {
  readonly #sequences = { 0: 0, 1: 0 }
  #cipher: RecordCipher | undefined
  #epoch: 0 | 1 = 0

  /** The epoch of what is no part of a flight: 1 once a ChangeCipherSpec was written. */
  get epoch(): 0 | 1 {
    return this.#epoch
  }

  /** @param cipher for epoch 1 */
  protect(cipher: RecordCipher): void {
    this.#cipher = cipher
  }

  /** A whole record. Epoch 1 only after `protect`. */
  write(type: number, epoch: 0 | 1, plaintext: Buffer): Buffer {
    if (type === contentType.changeCipherSpec) this.#epoch = 1
    const place = { type, epoch, sequence: this.#sequences[epoch]++ }
    if (epoch === 1) return this.#cipher!.seal(place, plaintext)
    return Buffer.concat([recordHeader(place, plaintext.length), plaintext])
  }
}

/** The flight as datagrams, with as many records in each as fit (RFC 6347 §4.1.1, §4.2.3). */
export function packFlight(flight: Flight, writer: RecordWriter): Buffer[] {
  const packer = new DatagramPacker()
  for (const part of flight) {
    if (part.kind === 'change-cipher-spec') {
      packer.add(writer.write(contentType.changeCipherSpec, 0, Buffer.of(1)))
    } else {
      packMessage(part, writer, packer)
    }
  }
  return packer.finish()
}

function packMessage(
  { epoch, message }: Extract<FlightPart, { kind: 'handshake' }>,
  writer: RecordWriter,
  packer: DatagramPacker,
): void {
  const overhead = recordHeaderSize + handshakeHeaderSize + (epoch === 1 ? sealOverhead : 0)
  let offset = 0
  do {
    const left = message.body.length - offset
    const room = packer.room(overhead + Math.min(left, minFragment)) - overhead
    const length = Math.min(left, room)
    const fragment = writeFragment(message, offset, length)
    packer.add(writer.write(contentType.handshake, epoch, fragment))
    offset += length
  } while (offset < message.body.length)
}

class DatagramPacker {
  readonly #datagrams: Buffer[] = []
  #records: Buffer[] = []
  #size = 0

  /** Bytes free in the datagram being filled; a new one where that is less than `needed`. */
  room(needed: number): number {
    if (this.#size + needed > maxDatagram) this.#close()
    return maxDatagram - this.#size
  }

  add(record: Buffer): void {
    this.room(record.length)
    this.#records.push(record)
    this.#size += record.length
  }

  finish(): Buffer[] {
    this.#close()
    return this.#datagrams
  }

  #close(): void {
    if (this.#records.length > 0) this.#datagrams.push(Buffer.concat(this.#records))
    this.#records = []
    this.#size = 0
  }
}
