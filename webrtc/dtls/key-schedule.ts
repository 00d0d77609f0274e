import { createHmac, timingSafeEqual } from 'node:crypto'
import type { SrtpKeys, SrtpProfile } from '#native/srtp-keys.ts'
import { RecordCipher } from './record-cipher.ts'

const masterSecretSize = 48
const verifyDataSize = 12
const cipherKeySize = 16
const implicitNonceSize = 4
const srtpKeySize = 16
/** SRTP-3, in bytes. */
const srtpSaltSize: Record<SrtpProfile, number> = { 1: 14, 7: 12 }

export type Role = 'client' | 'server'

export interface KeyScheduleInput {
  readonly preMasterSecret: Buffer
  /** SHA-256 of the handshake up to and including ClientKeyExchange (RFC 7627 §3). */
  readonly sessionHash: Buffer
  readonly clientRandom: Buffer
  readonly serverRandom: Buffer
}

/** Every secret of one handshake, from the extended master secret on (RFC 7627 §4). */
export class KeySchedule {
  readonly #masterSecret: Buffer
  readonly #clientRandom: Buffer
  readonly #serverRandom: Buffer

  constructor({ preMasterSecret, sessionHash, clientRandom, serverRandom }: KeyScheduleInput) {
    this.#masterSecret = prf(
      preMasterSecret,
      'extended master secret',
      sessionHash,
      masterSecretSize,
    )
    this.#clientRandom = clientRandom
    this.#serverRandom = serverRandom
  }

  /** The ciphers of epoch 1 (RFC 5246 §6.3; AEAD suites have no MAC keys). */
  recordCiphers(): Record<Role, RecordCipher> {
    const seed = Buffer.concat([this.#serverRandom, this.#clientRandom])
    const size = 2 * (cipherKeySize + implicitNonceSize)
    const cut = cutter(prf(this.#masterSecret, 'key expansion', seed, size))
    const [clientKey, serverKey] = [cut(cipherKeySize), cut(cipherKeySize)]
    return {
      client: new RecordCipher(clientKey, cut(implicitNonceSize)),
      server: new RecordCipher(serverKey, cut(implicitNonceSize)),
    }
  }

  /** What `sender` puts into its Finished (RFC 5246 §7.4.9). */
  verifyData(sender: Role, transcriptHash: Buffer): Buffer {
    const block = prf(this.#masterSecret, `${sender} finished`, transcriptHash, verifyDataSize)
    return cutter(block)(verifyDataSize)
  }

  /** Whether `received` is what `sender` had to put into its Finished. */
  verifies(sender: Role, transcriptHash: Buffer, received: Buffer): boolean {
    const expected = this.verifyData(sender, transcriptHash)
    return received.length === expected.length && timingSafeEqual(received, expected)
  }

  /** The exporter of RFC 5764 §4.2 without context, cut in the order of SRTP-9. */
  srtpKeys(profile: SrtpProfile, local: Role): SrtpKeys {
    const seed = Buffer.concat([this.#clientRandom, this.#serverRandom])
    const saltSize = srtpSaltSize[profile]
    const size = 2 * (srtpKeySize + saltSize)
    const cut = cutter(prf(this.#masterSecret, 'EXTRACTOR-dtls_srtp', seed, size))
    const [clientKey, serverKey] = [cut(srtpKeySize), cut(srtpKeySize)]
    const client = { key: clientKey, salt: cut(saltSize) }
    const server = { key: serverKey, salt: cut(saltSize) }
    return local === 'client'
      ? { profile, local: client, remote: server }
      : { profile, local: server, remote: client }
  }
}

/** P_SHA256 (RFC 5246 §5). @param size bytes of output */
export function prf(secret: Buffer, label: string, seed: Buffer, size: number): Buffer {
  const labelled = Buffer.concat([Buffer.from(label, 'latin1'), seed])
  const hmac = (...parts: readonly Buffer[]): Buffer => {
    const mac = createHmac('sha256', secret)
    for (const part of parts) mac.update(part)
    return mac.digest()
  }
  const blocks: Buffer[] = []
  let chain: Buffer = labelled
  for (let made = 0; made < size; made += 32) {
    chain = hmac(chain)
    blocks.push(hmac(chain, labelled))
  }
  return Buffer.concat(blocks, size)
}

/** Gives the next so many bytes of `block`, as copies that keep nothing else alive. */
function cutter(block: Buffer): (size: number) => Buffer {
  let offset = 0
  return (size) => {
    // Not from the pool: a key lives as long as its session, and would pin 8 KiB.
    const piece = Buffer.alloc(size)
    offset += block.copy(piece, 0, offset)
    return piece
  }
}
