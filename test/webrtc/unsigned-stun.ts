import { hex } from '#test/support/bytes.ts'

/** A request with these attributes and no others. */
export function unsigned(attributes: string): Buffer {
  const body = hex(attributes)
  const header = hex('00010000 2112a442 b7e7a701 bc34d686 fa87dfae')
  header.writeUInt16BE(body.length, 2)
  return Buffer.concat([header, body])
}
