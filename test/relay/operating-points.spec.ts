import { describe, expect, it } from 'vitest'
import type { PacketPlace } from '#native/packet-store.ts'
import { SlabPool } from '#native/slab.ts'
import { UpLayer } from '#relay/up-layer.ts'
import type { ViewedLayer } from '#relay/viewed-layer.ts'
import { buildRtp, RtpPacket } from '#rtp/packet.ts'
import { BitWriter } from '#test/support/bit-writer.ts'
import { hex } from '#test/support/bytes.ts'
import { RecordingPlane } from '#test/support/recording-plane.ts'
import { SlabWriter } from '#test/support/stored-packets.ts'

const dependencyId = 5

/** L2T2 as four decode targets: S0T0, S0T1, S1T0, S1T1; sizes 320 × 180 and 640 × 360. */
function structure(into: BitWriter, width: number): BitWriter {
  into.u(6, 0).u(5, 3).u(2, 1).u(2, 2).u(2, 1).u(2, 3)
  for (const needs of [
    [2, 2, 2, 2],
    [0, 1, 0, 1],
    [0, 0, 2, 2],
    [0, 0, 0, 1],
  ]) {
    for (const need of needs) into.u(2, need)
  }
  into.u(4, 0).u(2, 0).u(1, 1)
  for (const side of [width - 1, 179, 639, 359]) into.u(16, side)
  return into
}

interface Sent {
  readonly spatial: number
  readonly temporal: number
  /** Of the packets of the frame. */
  readonly first: boolean
  readonly last: boolean
  readonly keyframe?: boolean
}

/** A publisher of VP9 in two sizes and two rates, one packet at a time. */
class SvcRig {
  readonly plane = new RecordingPlane()
  readonly layer = new UpLayer(this.plane, {
    codec: 'VP9',
    clockRate: 90_000,
    rid: undefined,
    repair: true,
    keyframeAnswers: 'yes',
    dependencyId,
  })
  readonly #writer = new SlabWriter(new SlabPool())
  readonly #place: PacketPlace = { bytes: Buffer.alloc(0), offset: 0, length: 0 }
  #next = 100
  now = 0
  /** Of the smaller size, as the structure tells. */
  width = 320

  /** Sends a picture: a frame of two packets in each size. */
  picture(temporal: number, { keyframe = false, lost = -1 } = {}): number {
    const first = this.#next
    for (let at = 0; at < 4; at++) {
      const spatial = at >> 1
      const packet = { spatial, temporal, first: at % 2 === 0, last: at % 2 === 1, keyframe }
      if (at === lost) this.#next++
      else this.#receive(this.#next++, packet, first)
    }
    return first
  }

  /** So many packets are lost, or never were. */
  jump(count: number): void {
    this.#next += count
  }

  /** Brings what was lost. */
  repair(first: number, at: number, temporal: number): void {
    const packet = { spatial: at >> 1, temporal, first: at % 2 === 0, last: at % 2 === 1 }
    this.#receive(first + at, packet, first)
  }

  /** Names of the packets in a log, with a bar behind each that has the marker; a hole is '-'. */
  held({ log }: ViewedLayer): string {
    let names = ''
    for (let index = log.start; index < log.end; index++) {
      if (!log.locate(index, this.#place)) {
        names += '- '
        continue
      }
      const { bytes, offset, length } = this.#place
      const packet = RtpPacket.parse(bytes.subarray(offset, offset + length))!
      names += packet.payload.toString('latin1', 1) + (packet.marker ? '| ' : ' ')
    }
    return names.trim()
  }

  #receive(sequenceNumber: number, sent: Sent, picture: number): void {
    const template = sent.spatial * 2 + sent.temporal
    const bits = new BitWriter().u(1, Number(sent.first)).u(1, Number(sent.last))
    bits.u(6, template).u(16, picture)
    const told = sent.keyframe && sent.first && sent.spatial === 0
    const data = told
      ? structure(bits.u(5, 0b10000), this.width).rbsp()
      : bits.rbsp().subarray(0, 3)
    // VP9: beginning of a frame; of a keyframe while nothing is predicted.
    const flags = sent.keyframe && sent.first && sent.spatial === 0 ? '08' : '40'
    const name = `S${sent.spatial}T${sent.temporal}${sent.first ? 'a' : 'b'}`
    const payload = Buffer.concat([hex(flags), Buffer.from(name)])
    const header = {
      ssrc: 5,
      payloadType: 98,
      sequenceNumber,
      timestamp: picture * 900,
      marker: sent.last && sent.spatial === 1,
      extensions: [{ id: dependencyId, data }],
    }
    const { slab, offset, length } = this.#writer.write(buildRtp(header, payload))
    const packet = new RtpPacket()
    packet.read(slab.bytes, offset, offset + length)
    this.layer.receive(packet, slab, { now: this.now, repaired: false, sent: undefined })
    this.layer.flush()
    for (const lower of this.layer.lower) lower.flush()
  }
}

function started(): SvcRig {
  const rig = new SvcRig()
  rig.picture(0, { keyframe: true })
  return rig
}

describe('the operating points of an encoding of layers', () => {
  it('are its decode targets, without the whole', () => {
    const { layer } = started()
    expect(layer.lower.map(({ spatialId, temporalId }) => [spatialId, temporalId])).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
    ])
    expect([layer.spatialId, layer.temporalId]).toEqual([1, 1])
  })

  it('have the sizes that the structure tells', () => {
    const sizes = started().layer.lower.map(({ inspector }) => inspector?.facts.width)
    expect(sizes).toEqual([320, 320, 640])
  })

  it('are none without a descriptor', () => {
    const { layer } = new SvcRig()
    expect([layer.lower, layer.spatialId]).toEqual([[], undefined])
  })

  it('hold what their target needs, without gaps, and end each picture with a marker', () => {
    const rig = started()
    rig.picture(1)
    rig.picture(0)
    const [smallest, small, slow] = rig.layer.lower
    expect(rig.held(smallest!)).toBe('S0T0a S0T0b| S0T0a S0T0b|')
    expect(rig.held(small!)).toBe('S0T0a S0T0b| S0T1a S0T1b| S0T0a S0T0b|')
    expect(rig.held(slow!)).toBe('S0T0a S0T0b S1T0a S1T0b| S0T0a S0T0b S1T0a S1T0b|')
  })

  it('leave the whole as it came', () => {
    const rig = started()
    expect(rig.held(rig.layer)).toBe('S0T0a S0T0b S1T0a S1T0b|')
  })

  it('have keyframes where the whole has them', () => {
    const rig = started()
    rig.picture(1)
    rig.picture(0, { keyframe: true })
    expect(rig.layer.lower.map(({ log }) => log.keyframe)).toEqual([2, 4, 4])
  })

  it('are told to the plane, each as a log', () => {
    const rig = started()
    const [smallest] = rig.layer.lower
    expect(rig.plane.delivered.get(smallest!.logId)).toEqual([0, 1])
  })
})

describe('a publisher whose structure is another one each time', () => {
  const logs = (rig: SvcRig) => rig.plane.logs.size

  it('has new points once a second at most, and the last structure counts then', () => {
    const rig = started()
    for (let i = 1; i <= 10; i++) {
      rig.now += 50
      rig.width = 320 + i
      rig.picture(0, { keyframe: true })
    }
    expect([rig.layer.lower, logs(rig)]).toEqual([[], 1])
    rig.now = 1000
    rig.picture(0, { keyframe: true })
    expect(rig.layer.lower[0]?.inspector?.facts.width).toBe(330)
    expect(logs(rig)).toBe(4)
  })
})

describe('a packet lost on the way in', () => {
  it('holds up what follows until it is repaired', () => {
    const rig = started()
    const first = rig.picture(1, { lost: 1 })
    rig.now = 100
    rig.picture(0)
    const [, small] = rig.layer.lower
    expect(rig.held(small!)).toBe('S0T0a S0T0b| S0T1a')
    rig.repair(first, 1, 1)
    expect(rig.held(small!)).toBe('S0T0a S0T0b| S0T1a S0T1b| S0T0a S0T0b|')
  })

  it('is a hole for every point when no repair comes: any of them may need it', () => {
    const rig = started()
    rig.picture(1, { lost: 3 })
    rig.picture(0)
    rig.now = 200
    rig.picture(0)
    const [smallest] = rig.layer.lower
    expect(rig.held(smallest!)).toBe('S0T0a S0T0b| - S0T0a S0T0b| S0T0a S0T0b|')
  })

  it('waits as long with others beside it as by itself', () => {
    const rig = started()
    rig.jump(4)
    rig.picture(0)
    rig.now = 200
    rig.picture(0)
    const [smallest] = rig.layer.lower
    expect(rig.held(smallest!)).toBe('S0T0a S0T0b| - - - - S0T0a S0T0b| S0T0a S0T0b|')
  })

  it('leaves a bounded hole, however far the numbers jump', () => {
    const rig = started()
    rig.jump(30_000)
    rig.picture(0)
    const [smallest] = rig.layer.lower
    expect(smallest!.log.end).toBe(2 + 512 + 2)
  })
})
