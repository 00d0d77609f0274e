import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { opusDuration, readOggOpus } from '#load/ogg-opus.ts'
import { hex } from '#test/support/bytes.ts'
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
    expect(read).toEqual(packets.map((bytes) => ({ bytes, ticks: 960 })))
  })

  it('joins a packet that goes over into the next page', () => {
    const file = oggOpus([packet(700)], 1, { splitAfterSegments: 1 })
    expect(readOggOpus(file)).toEqual([{ bytes: packet(700), ticks: 960 }])
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

describe('duration of an Opus packet (RFC 6716 §3.1)', () => {
  it.each`
    toc       | ticks        | what
    ${'fc'}   | ${960}       | ${'CELT, 20 ms, as OBS sends'}
    ${'78'}   | ${960}       | ${'hybrid, 20 ms'}
    ${'70'}   | ${480}       | ${'hybrid, 10 ms'}
    ${'18'}   | ${2880}      | ${'SILK, 60 ms'}
    ${'80'}   | ${120}       | ${'CELT, 2.5 ms'}
    ${'f9'}   | ${1920}      | ${'two frames of 20 ms'}
    ${'fb03'} | ${2880}      | ${'three frames, counted in the second byte'}
    ${'fb'}   | ${undefined} | ${'a count that is missing'}
    ${'fb00'} | ${undefined} | ${'no frame at all'}
    ${'fb3f'} | ${undefined} | ${'more than 120 ms'}
    ${''}     | ${undefined} | ${'nothing'}
  `('$what: $ticks ticks', ({ toc, ticks }) => {
    expect(opusDuration(hex(toc))).toBe(ticks)
  })
})
