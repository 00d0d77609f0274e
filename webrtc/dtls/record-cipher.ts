import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { type DtlsRecord, recordHeader } from './records.ts'

const explicitNonceSize = 8
const tagSize = 16

/** Bytes that sealing adds to a record. */
export const sealOverhead = explicitNonceSize + tagSize

/** AES-128-GCM for one direction of one epoch (RFC 5288 §3, RFC 6347 §4.1.2.1). */
export class RecordCipher {
  readonly #key: KeyObject
  readonly #implicitNonce: Buffer

  /** @param key 16 bytes; @param implicitNonce 4 bytes */
  constructor(key: Buffer, implicitNonce: Buffer) {
    this.#key = createSecretKey(key)
    this.#implicitNonce = implicitNonce
  }

  /** A whole record. The caller never seals two under one sequence number: it is the nonce. */
  seal(place: Pick<DtlsRecord, 'type' | 'epoch' | 'sequence'>, plaintext: Buffer): Buffer {
    const header = recordHeader(place, plaintext.length + sealOverhead)
    const explicitNonce = header.subarray(3, 11)
    const cipher = createCipheriv('aes-128-gcm', this.#key, this.#nonce(explicitNonce))
    cipher.setAAD(additionalData(header, plaintext.length))
    const sealed = [cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]
    return Buffer.concat([header, explicitNonce, ...sealed])
  }

  /** The plaintext, or `undefined` unless the record is authentic. */
  open({ header, body }: DtlsRecord): Buffer | undefined {
    if (body.length < sealOverhead) return undefined
    const nonce = this.#nonce(body.subarray(0, explicitNonceSize))
    const ciphertext = body.subarray(explicitNonceSize, body.length - tagSize)
    const decipher = createDecipheriv('aes-128-gcm', this.#key, nonce, { authTagLength: tagSize })
    decipher.setAAD(additionalData(header, ciphertext.length))
    decipher.setAuthTag(body.subarray(body.length - tagSize))
    const plaintext = decipher.update(ciphertext)
    try {
      decipher.final()
      return plaintext
    } catch {
      return undefined
    }
  }

  #nonce(explicit: Buffer): Buffer {
    return Buffer.concat([this.#implicitNonce, explicit])
  }
}

/** Epoch and sequence, type, version, length of the plaintext (RFC 5246 §6.2.3.3). */
function additionalData(header: Buffer, length: number): Buffer {
  const data = Buffer.concat([header.subarray(3, 11), header.subarray(0, 3), Buffer.alloc(2)])
  data.writeUInt16BE(length, 11)
  return data
}
