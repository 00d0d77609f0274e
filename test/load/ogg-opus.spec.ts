import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readOggOpus } from '#load/ogg-opus.ts'
import { oggOpus } from './support/ogg.ts'

const packet = (length: number) => Buffer.alloc(length, 0xfc)

describe('Ogg Opus (RFC 3533, RFC 7845)', () => {
  it.each`
    what                            | lengths            | perPage
    ${'packets that share a page'}  | ${[1, 20, 254]}    | ${8}
    ${'a packet of whole segments'} | ${[255, 510, 30]}  | ${8}
    ${'a page for each packet'}     | ${[100, 400, 700]} | ${1}
  `('reads $what', ({ lengths, perPage }) => {
    const packets = (lengths as number[]).map(packet)
    const read = readOggOpus(oggOpus(packets, perPage))
    expect(read).toEqual(packets.map((bytes) => ({ bytes, duration: 20 })))
  })

  it('joins a packet that goes over into the next page', () => {
    const file = oggOpus([packet(700)], 1, { splitAfterSegments: 1 })
    expect(readOggOpus(file)).toEqual([{ bytes: packet(700), duration: 20 }])
  })

  it.each`
    file                                        | message
    ${Buffer.from('RIFF'.padEnd(64, '.'))}      | ${/no Ogg file/}
    ${oggOpus([packet(10)], 8).subarray(0, -4)} | ${/cut off/}
    ${Buffer.alloc(0)}                          | ${/no Opus header/}
  `('says $message of what it is not', ({ file, message }) => {
    expect(() => readOggOpus(file)).toThrow(message)
  })

  it('gives packets or an Error with a message, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          readOggOpus(Buffer.concat([Buffer.from('OggS'), bytes]))
        } catch (error) {
          expect((error as Error).message).toMatch(/^it/)
        }
      }),
    )
  })
})
