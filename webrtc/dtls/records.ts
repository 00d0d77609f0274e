/** Record types (RFC 5246 §6.2.1). */
export const contentType = {
  changeCipherSpec: 20,
  alert: 21,
  handshake: 22,
  applicationData: 23,
} as const

/** DTLS 1.2 as the wire writes it: the ones' complement of 1.2 (RFC 6347 §4.1). */
export const dtls12 = 0xfefd

export const recordHeaderSize = 13

/** One record of a datagram (RFC 6347 §4.1). Its buffers are views. */
export interface DtlsRecord {
  readonly type: number
  readonly epoch: number
  /** 48 bits. */
  readonly sequence: number
  readonly header: Buffer
  readonly body: Buffer
}

/** The records of a datagram, up to the first that does not parse. */
export function* readRecords(datagram: Buffer): Generator<DtlsRecord> {
  let rest = datagram
  while (rest.length >= recordHeaderSize) {
    const end = recordHeaderSize + rest.readUInt16BE(11)
    // Any minor version: a ClientHello and a HelloVerifyRequest may say 1.0 (RFC 6347 §4.2.1).
    if (rest[1] !== 0xfe || end > rest.length) return
    yield {
      type: rest[0]!,
      epoch: rest.readUInt16BE(3),
      sequence: rest.readUIntBE(5, 6),
      header: rest.subarray(0, recordHeaderSize),
      body: rest.subarray(recordHeaderSize, end),
    }
    rest = rest.subarray(end)
  }
}

/** @param length bytes of the body that follows */
export function recordHeader(
  { type, epoch, sequence }: Pick<DtlsRecord, 'type' | 'epoch' | 'sequence'>,
  length: number,
): Buffer {
  const header = Buffer.alloc(recordHeaderSize)
  header[0] = type
  header.writeUInt16BE(dtls12, 1)
  header.writeUInt16BE(epoch, 3)
  header.writeUIntBE(sequence, 5, 6)
  header.writeUInt16BE(length, 11)
  return header
}
