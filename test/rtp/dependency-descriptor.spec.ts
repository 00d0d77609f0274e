import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DependencyReader, indication } from '#rtp/dependency-descriptor.ts'
import { RtpPacket } from '#rtp/packet.ts'
import { BitWriter } from '#test/support/bit-writer.ts'
import { hex } from '#test/support/bytes.ts'
import { readDump } from '#test/support/rtpdump.ts'

const recording = 'chromium-156-vp8-simulcast-dd'
const extensionId = 12
const { absent, discardable, required } = indication
const switches = indication.switch

/** Of every packet of the recording that has one, by SSRC. */
function* descriptors(): Generator<{ readonly packet: RtpPacket; readonly data: Buffer }> {
  const packet = new RtpPacket()
  for (const { rtcp, packet: bytes } of readDump(recording)) {
    if (rtcp || !packet.read(bytes, 0, bytes.length)) continue
    const data = packet.extension(extensionId)
    if (data) yield { packet, data }
  }
}

/** L2T2, two decode targets: the whole, and its lowest layer. No chains, no resolutions. */
function structure(writer: BitWriter): BitWriter {
  // Offset 0, two targets; layers S0T0, S0T1, S1T0, S1T1.
  writer.u(6, 0).u(5, 1).u(2, 1).u(2, 2).u(2, 1).u(2, 3)
  for (const [lowest, all] of [
    [switches, switches],
    [absent, required],
    [absent, switches],
    [absent, discardable],
  ]) {
    writer.u(2, lowest!).u(2, all!)
  }
  // No differences of any template, no chains (ns(3) of 0 is one bit), no resolutions.
  return writer.u(4, 0).u(1, 0).u(1, 0)
}

const mandatory = (template: number, frame: number) =>
  new BitWriter().u(1, 1).u(1, 1).u(6, template).u(16, frame)

const keyframe = structure(mandatory(0, 7).u(5, 0b10000)).rbsp()

function read(reader: DependencyReader, data: Buffer) {
  return reader.read(data, 0, data.length)
}

describe('the descriptors of a recorded stream', () => {
  it('all parse, and tell three temporal layers (SRTP-94..97)', () => {
    const readers = new Map<number, DependencyReader>()
    const layers = new Set<string>()
    let count = 0
    for (const { packet, data } of descriptors()) {
      const reader = readers.get(packet.ssrc) ?? new DependencyReader()
      readers.set(packet.ssrc, reader)
      const told = read(reader, data)
      expect(told).toBeDefined()
      layers.add(`S${told!.spatialId}T${told!.temporalId} ${told!.targets}`)
      count++
    }
    expect(count).toBeGreaterThan(1000)
    expect([...layers].toSorted()).toEqual([
      'S0T0 2,2,2',
      'S0T0 2,3,3',
      'S0T1 0,1,2',
      'S0T1 0,2,2',
      'S0T2 0,0,1',
    ])
  })

  it('end a frame where the marker does', () => {
    const reader = new DependencyReader()
    for (const { packet, data } of descriptors()) {
      if (packet.ssrc === 2173881098) expect(read(reader, data)?.endOfFrame).toBe(packet.marker)
    }
  })

  it('tell the size of the picture with the structure', () => {
    const sizes = new Set<string>()
    const reader = new DependencyReader()
    for (const { data } of descriptors()) {
      const { resolutions = [] } = read(reader, data)?.structure ?? {}
      for (const { width, height } of resolutions) sizes.add(`${width}x${height}`)
    }
    expect([...sizes].toSorted()).toEqual(['240x135', '480x270', '960x540'])
  })
})

describe('a descriptor', () => {
  it('with a structure names layers and targets', () => {
    const reader = new DependencyReader()
    expect(read(reader, keyframe)).toMatchObject({
      frameNumber: 7,
      spatialId: 0,
      temporalId: 0,
      targets: [switches, switches],
      structure: { decodeTargets: 2, chains: 0 },
    })
  })

  it('without one refers to the last, by template', () => {
    const reader = new DependencyReader()
    read(reader, keyframe)
    expect(read(reader, mandatory(3, 8).rbsp().subarray(0, 3))).toEqual({
      startOfFrame: true,
      endOfFrame: true,
      frameNumber: 8,
      spatialId: 1,
      temporalId: 1,
      targets: [absent, discardable],
    })
  })

  it('may have targets of its own (SRTP-98)', () => {
    const reader = new DependencyReader()
    read(reader, keyframe)
    const custom = mandatory(3, 8).u(5, 0b00100).u(2, required).u(2, switches).rbsp()
    expect(read(reader, custom)?.targets).toEqual([required, switches])
  })

  it('tells nothing without a structure, or of a template that is none (SRTP-97)', () => {
    const reader = new DependencyReader()
    expect(read(reader, hex('800001'))).toBeUndefined()
    read(reader, keyframe)
    expect(read(reader, mandatory(9, 8).rbsp().subarray(0, 3))).toBeUndefined()
  })

  it('that is cut short tells nothing, and leaves the last structure', () => {
    const reader = new DependencyReader()
    read(reader, keyframe)
    for (let length = 0; length < 3; length++) {
      expect(read(reader, keyframe.subarray(0, length))).toBeUndefined()
    }
    for (let length = 4; length < keyframe.length - 1; length++) {
      expect(read(new DependencyReader(), keyframe.subarray(0, length))).toBeUndefined()
      read(reader, keyframe.subarray(0, length))
      expect(reader.structure?.templates).toHaveLength(4)
    }
  })

  it('of any bytes is told or not, and bounded', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 255 }), { maxLength: 4 }), (all) => {
        const reader = new DependencyReader()
        for (const bytes of all) {
          const told = read(reader, Buffer.from(bytes))
          expect(told?.targets.length ?? 1).toBeLessThanOrEqual(32)
        }
      }),
    )
  })
})
