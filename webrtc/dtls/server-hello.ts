import { ByteReader } from './byte-reader.ts'
import { uint8, uint16, vector8 } from './byte-writer.ts'
import { randomSize } from './client-hello.ts'
import { type Extensions, readExtensions, writeExtensions } from './hello-extensions.ts'
import { dtls12 } from './records.ts'

/** RFC 5246 §7.4.1.3. */
export interface ServerHello {
  readonly version: number
  readonly random: Buffer
  readonly cipherSuite: number
  readonly compressionMethod: number
  readonly extensions: Extensions
}

export function parseServerHello(body: Buffer): ServerHello | undefined {
  const reader = new ByteReader(body)
  const version = reader.uint(2)
  const random = reader.take(randomSize)
  reader.vector(1) // A session to resume later: we never do.
  const cipherSuite = reader.uint(2)
  const compressionMethod = reader.uint(1)
  const extensions = readExtensions(reader)
  if (extensions === undefined) return undefined
  return { version, random, cipherSuite, compressionMethod, extensions }
}

export interface ServerHelloFields {
  readonly random: Buffer
  readonly cipherSuite: number
  readonly extensions: readonly (readonly [number, Buffer])[]
}

/** Without a session id: nothing can be resumed. */
export function writeServerHello(fields: ServerHelloFields): Buffer {
  return Buffer.concat([
    uint16(dtls12),
    fields.random,
    vector8(),
    uint16(fields.cipherSuite),
    uint8(0),
    writeExtensions(fields.extensions),
  ])
}

/** The cookie of a HelloVerifyRequest (RFC 6347 §4.2.1). Its version says nothing. */
export function parseHelloVerifyRequest(body: Buffer): Buffer | undefined {
  const reader = new ByteReader(body)
  reader.uint(2)
  const cookie = reader.vector(1)
  return reader.complete ? cookie : undefined
}
