import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ExtensionCursor } from '#rtp/extension-cursor.ts'
import {
  type ExtensionElement,
  extensionsSize,
  extensionUri,
  readPlayoutDelay,
  readTransportSequence,
  writeAbsSendTime,
  writeExtensions,
  writePlayoutDelay,
  writeTransportSequence,
} from '#rtp/header-extensions.ts'
import { hex } from '#test/support/bytes.ts'
import { readRecordedSdp, readStream, recordings } from '#test/support/rtpdump.ts'

/** Elements of a block with its profile and length words. */
function elementsOf(block: Buffer): ExtensionElement[] {
  const cursor = new ExtensionCursor()
  cursor.reset(block, block.readUInt16BE(0), 4, block.length)
  const elements: ExtensionElement[] = []
  while (cursor.next()) {
    elements.push({ id: cursor.id, data: block.subarray(cursor.start, cursor.end) })
  }
  return elements
}

function written(elements: readonly ExtensionElement[]): Buffer {
  const block = Buffer.alloc(extensionsSize(elements))
  expect(writeExtensions(block, 0, elements)).toBe(block.length)
  return block
}

describe('header extensions (RFC 8285)', () => {
  it.each`
    section  | what                          | block                                            | ids
    ${'4.2'} | ${'one-byte elements'}        | ${'bede 0002 10aa 31bbcc 00 00 00'}              | ${[1, 3]}
    ${'4.2'} | ${'padding between elements'} | ${'bede 0002 10aa 0000 30bb 0000'}               | ${[1, 3]}
    ${'4.2'} | ${'id 15, which ends'}        | ${'bede 0002 10aa f000 30bb 0000'}               | ${[1]}
    ${'4.2'} | ${'id 0 with data, an end'}   | ${'bede 0002 10aa 0100 30bb 0000'}               | ${[1]}
    ${'4.2'} | ${'an element cut off'}       | ${'bede 0001 10aa 33bb'}                         | ${[1]}
    ${'4.3'} | ${'two-byte elements'}        | ${'1000 0003 01 01 aa 00 fe 00 02 02 bbcc 0000'} | ${[1, 254, 2]}
    ${'4.3'} | ${'any application bits'}     | ${'100f 0001 01 01 aa 00'}                       | ${[1]}
    ${'4.3'} | ${'a length cut off'}         | ${'1000 0001 01 01 aa 02'}                       | ${[1]}
    ${'4.3'} | ${'data cut off'}             | ${'1000 0001 01 05 aa bb'}                       | ${[]}
    ${'4.1'} | ${'another profile'}          | ${'abcd 0001 10aa 0000'}                         | ${[]}
  `('§$section: reads $what', ({ block, ids }) => {
    expect(elementsOf(hex(block)).map(({ id }) => id)).toEqual(ids)
  })

  it('finds an element by id, again and again', () => {
    const block = hex('bede 0002 10aa 31bbcc 00 00 00')
    const cursor = new ExtensionCursor()
    cursor.reset(block, 0xbede, 4, block.length)
    expect([3, 1, 2].map((id) => cursor.find(id))).toEqual([true, true, false])
  })

  it('keeps to the one-byte form while it can', () => {
    expect(written([{ id: 14, data: Buffer.alloc(16, 1) }]).readUInt16BE(0)).toBe(0xbede)
  })

  it.each`
    reason                  | element
    ${'an id over 14'}      | ${{ id: 15, data: hex('01') }}
    ${'more than 16 bytes'} | ${{ id: 1, data: Buffer.alloc(17) }}
    ${'an element of none'} | ${{ id: 1, data: hex('') }}
  `('takes the two-byte form for $reason', ({ element }) => {
    const block = written([{ id: 2, data: hex('aa') }, element])
    expect(block.readUInt16BE(0)).toBe(0x1000)
    expect(elementsOf(block)).toEqual([{ id: 2, data: hex('aa') }, element])
  })

  it('refuses what neither form carries', () => {
    const into = Buffer.alloc(512)
    expect(() => writeExtensions(into, 0, [{ id: 0, data: hex('01') }])).toThrow(RangeError)
    expect(() => writeExtensions(into, 0, [{ id: 256, data: hex('01') }])).toThrow(RangeError)
    expect(() => writeExtensions(into, 0, [{ id: 1, data: Buffer.alloc(256) }])).toThrow(RangeError)
  })

  it('walks any bytes without a throw or a step outside', () => {
    const profile = fc.constantFrom(0xbede, 0x1000, 0x1007, 0)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), profile, (bytes, word) => {
        const cursor = new ExtensionCursor()
        cursor.reset(Buffer.from(bytes), word, 0, bytes.length)
        while (cursor.next()) {
          expect(cursor.start <= cursor.end && cursor.end <= bytes.length).toBe(true)
        }
      }),
    )
  })
})

describe('extension values', () => {
  it('writes playout delay in units of 10 ms, min before max', () => {
    const into = Buffer.alloc(3)
    writePlayoutDelay(into, 0, { min: 0, max: 4000 })
    expect(into).toEqual(hex('000190'))
    writePlayoutDelay(into, 0, { min: 40_950, max: 40_950 })
    expect(into).toEqual(hex('ffffff'))
    expect(readPlayoutDelay(into, 0, 3)).toEqual({ min: 40_950, max: 40_950 })
    expect(readPlayoutDelay(into, 0, 2)).toBeUndefined()
  })

  it.each`
    now           | expected
    ${0}          | ${'000000'}
    ${1000}       | ${'040000'}
    ${63_999.999} | ${'ffffff'}
    ${64_500}     | ${'020000'}
  `('writes $now ms as a 6.18 fixed point time of sending', ({ now, expected }) => {
    const into = Buffer.alloc(3)
    writeAbsSendTime(into, 0, now)
    expect(into).toEqual(hex(expected))
  })

  it('writes and reads the transport-wide number, in both lengths', () => {
    const into = hex('0000 8001')
    writeTransportSequence(into, 0, 65_537)
    expect(readTransportSequence(into, 0, 2)).toBe(1)
    expect(readTransportSequence(into, 0, 4)).toBe(1)
    expect(readTransportSequence(into, 0, 1)).toBeUndefined()
  })
})

describe('recorded header extensions, by the ids of the answer', () => {
  const named: Readonly<Record<string, string>> = {
    mid: extensionUri.mid,
    rid: extensionUri.rid,
    'repaired-rid': extensionUri.repairedRid,
    twcc: extensionUri.transportCc,
    'abs-send-time': extensionUri.absSendTime,
    'audio-level': extensionUri.audioLevel,
    'video-orientation': extensionUri.videoOrientation,
  }
  const streams = recordings.flatMap(({ name, streams: all }) =>
    all.map((stream) => ({ name, ...stream })),
  )

  it.each(streams)('$codec of $name, SSRC $ssrc', ({ name, ssrc, rid, extCounts }) => {
    const answer = readRecordedSdp(name, 'answer')
    const ids = Object.entries(named).flatMap(([short, uri]) => {
      const id = answer.match(`a=extmap:(\\d+) ${uri}\\r?\\n`)?.[1]
      return id === undefined ? [] : [{ short, id: Number(id) }]
    })
    const counts: Record<string, number> = {}
    for (const { packet } of readStream(name, ssrc)) {
      for (const { short, id } of ids) {
        const data = packet.extension(id)
        if (data) counts[short] = (counts[short] ?? 0) + 1
        if (data && short === 'rid') expect(data.toString('latin1')).toBe(rid)
      }
    }
    expect(counts).toEqual(extCounts)
  })
})
