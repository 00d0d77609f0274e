import { ByteReader } from './byte-reader.ts'
import { uint8, uint16, uint16Vector, vector8, vector16, vector24 } from './byte-writer.ts'
import { type Signature, supportedSchemes } from './signature.ts'

/** `ClientCertificateType` (RFC 5246 §7.4.4, RFC 8422 §5.5). */
const rsaSign = 1
const ecdsaSign = 64

/** The sender's own certificate, which comes first; empty where it has none (§7.4.2). */
export function parseCertificate(body: Buffer): Buffer | undefined {
  const reader = new ByteReader(body)
  const chain = new ByteReader(reader.vector(3))
  const own = chain.more ? chain.vector(3) : Buffer.alloc(0)
  while (chain.more) chain.vector(3)
  return chain.complete && reader.complete ? own : undefined
}

export function writeCertificate(der: Buffer): Buffer {
  return vector24(vector24(der))
}

/** Signature schemes that a server takes from us; without ECDSA keys, none (§7.4.4). */
export function parseCertificateRequest(body: Buffer): readonly number[] | undefined {
  const reader = new ByteReader(body)
  const types = reader.vector(1)
  const schemes = reader.uint16Vector()
  reader.vector(2) // Authorities: WebRTC has none.
  if (!reader.complete) return undefined
  return types.includes(ecdsaSign) ? schemes : []
}

export function writeCertificateRequest(): Buffer {
  return Buffer.concat([
    vector8(uint8(ecdsaSign), uint8(rsaSign)),
    uint16Vector(supportedSchemes),
    vector16(),
  ])
}

/** The `DigitallySigned` that ends CertificateVerify and ServerKeyExchange (§4.7). */
export function readSignature(reader: ByteReader): Signature {
  return { scheme: reader.uint(2), value: reader.vector(2) }
}

export function writeSignature({ scheme, value }: Signature): Buffer {
  return Buffer.concat([uint16(scheme), vector16(value)])
}

export function parseCertificateVerify(body: Buffer): Signature | undefined {
  const reader = new ByteReader(body)
  const signature = readSignature(reader)
  return reader.complete ? signature : undefined
}
