import { expect, it } from 'vitest'
import { RecordCipher } from '#webrtc/dtls/record-cipher.ts'
import { RecordReader } from '#webrtc/dtls/record-reader.ts'
import { contentType, type DtlsRecord, readRecords } from '#webrtc/dtls/records.ts'

const cipher = () => new RecordCipher(Buffer.alloc(16, 1), Buffer.alloc(4, 2))

/** The `sequence`th record of epoch 1, sealed. */
function sealed(sequence: number): DtlsRecord {
  const place = { type: contentType.handshake, epoch: 1, sequence }
  const [record] = [...readRecords(cipher().seal(place, Buffer.from(`${sequence}`)))]
  return record!
}

it('Records that come before the keys are kept, the newest eight of them', () => {
  const reader = new RecordReader()
  for (let sequence = 0; sequence < 20; sequence++) {
    const record = sealed(sequence)
    expect(reader.open(record)).toBeUndefined()
    // The datagram's buffer is the socket's again.
    record.header.fill(0)
    record.body.fill(0)
  }
  const opened = reader.unlock(cipher()).map((record) => reader.open(record)?.toString())
  expect(opened).toEqual(['12', '13', '14', '15', '16', '17', '18', '19'])
})

it('Records are opened once each, in any order', () => {
  const reader = new RecordReader()
  reader.unlock(cipher())
  const opened = [3, 1, 3, 2, 1].map((sequence) => reader.open(sealed(sequence))?.toString())
  expect(opened).toEqual(['3', '1', undefined, '2', undefined])
})
