import { uint8, uint16, uint16Vector, vector8 } from '#webrtc/dtls/byte-writer.ts'
import { type ClientHello, parseClientHello } from '#webrtc/dtls/client-hello.ts'
import { writeExtensions } from '#webrtc/dtls/hello-extensions.ts'
import { parseServerHello, type ServerHello } from '#webrtc/dtls/server-hello.ts'

/** A hello's extensions without one, or with another body for it. */
export const withExtension =
  (type: number, body?: Buffer) =>
  ({ extensions }: { readonly extensions: ReadonlyMap<number, Buffer> }) => {
    const changed = new Map(extensions)
    if (body === undefined) changed.delete(type)
    else changed.set(type, body)
    return { extensions: changed }
  }

/** The ClientHello with some fields changed. */
export const editClientHello =
  (edit: (hello: ClientHello) => Partial<ClientHello>) =>
  (body: Buffer): Buffer => {
    const original = parseClientHello(body)!
    const hello = { ...original, ...edit(original) }
    return Buffer.concat([
      uint16(hello.version),
      hello.random,
      vector8(),
      vector8(),
      uint16Vector(hello.cipherSuites),
      vector8(hello.compressionMethods),
      writeExtensions([...hello.extensions]),
    ])
  }

/** The ServerHello with some fields changed. */
export const editServerHello =
  (edit: (hello: ServerHello) => Partial<ServerHello>) =>
  (body: Buffer): Buffer => {
    const original = parseServerHello(body)!
    const hello = { ...original, ...edit(original) }
    return Buffer.concat([
      uint16(hello.version),
      hello.random,
      vector8(),
      uint16(hello.cipherSuite),
      uint8(hello.compressionMethod),
      writeExtensions([...hello.extensions]),
    ])
  }
