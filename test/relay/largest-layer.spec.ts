import { describe, expect, it } from 'vitest'
import { buildRtp } from '#rtp/packet.ts'
import { hex } from '#test/support/bytes.ts'
import { PublicationRig, recordedFormat } from './publication-rig.ts'

const widths = { q: 'a000', h: '4001', f: '8002' }
const ssrcs = { q: 1, h: 2, f: 3 }
type Rid = keyof typeof widths

/** A publisher of three VP8 layers, as Chromium is. */
class Simulcast extends PublicationRig {
  readonly #next = { q: 100, h: 200, f: 300 }

  constructor() {
    super(recordedFormat('chromium-156-vp8-simulcast', 96))
    this.publication.hasViewers = true
  }

  keyframe(rid: Rid): void {
    this.#send(rid, `908001100200 9d012a ${widths[rid]} e001`)
  }

  /** Frames of these layers, 50 a second. */
  send(ms: number, ...rids: readonly Rid[]): void {
    for (let sent = 0; sent < ms; sent += 20) {
      for (const rid of rids) this.#send(rid, '9080011101')
      this.run(20)
    }
  }

  /** Rids of the keyframes that viewers were told of, since the last call. */
  told(): (string | undefined)[] {
    return this.keyframes.splice(0).map(({ layer }) => layer.rid)
  }

  /** Rids of the layers asked for a keyframe since the last call. */
  asked(): (string | undefined)[] {
    const pictures = this.plane
      .takeRtcp()
      .flat()
      .flatMap((one) => (one.kind === 'pli' ? one.media : []))
    return pictures.map(
      (media) => this.publication.layers.all.find(({ ssrc }) => ssrc === media)?.rid,
    )
  }

  #send(rid: Rid, payload: string): void {
    const sequenceNumber = this.#next[rid]++
    const extensions = [{ id: 10, data: Buffer.from(rid) }]
    const header = { ssrc: ssrcs[rid], payloadType: 96, sequenceNumber, extensions }
    this.receive(buildRtp({ ...header, timestamp: sequenceNumber * 1800 }, hex(payload)))
  }
}

function watched(): Simulcast {
  const simulcast = new Simulcast()
  for (const rid of ['q', 'h', 'f'] as const) simulcast.keyframe(rid)
  simulcast.send(1000, 'q', 'h', 'f')
  simulcast.told()
  simulcast.asked()
  return simulcast
}

describe('the layer that viewers watch', () => {
  it('is the largest, and a keyframe of a smaller one changes nothing', () => {
    const simulcast = watched()
    simulcast.keyframe('h')
    expect([simulcast.publication.layers.video?.rid, simulcast.told()]).toEqual(['f', ['h']])
  })

  it('is a smaller one when the largest has stopped: Chromium does that for want of bandwidth', () => {
    const simulcast = watched()
    simulcast.send(1500, 'q', 'h')
    expect(new Set(simulcast.asked())).toEqual(new Set(['q', 'h']))
    simulcast.keyframe('h')
    expect([simulcast.publication.layers.video?.rid, simulcast.told()]).toEqual(['h', ['h']])
  })

  it('is the largest again when that comes back', () => {
    const simulcast = watched()
    simulcast.send(1500, 'q', 'h')
    simulcast.keyframe('q')
    simulcast.keyframe('h')
    simulcast.send(1000, 'q', 'h')
    simulcast.keyframe('f')
    expect([simulcast.publication.layers.video?.rid, simulcast.told()]).toEqual([
      'f',
      ['q', 'h', 'f'],
    ])
  })

  it('stays when all have stopped: then none is asked for', () => {
    const simulcast = watched()
    simulcast.run(2500)
    expect(simulcast.asked()).toEqual([])
    expect(simulcast.publication.layers.video?.rid).toBe('f')
  })
})

describe('keyframes without end', () => {
  it('do not keep viewers from fitting to what the layers take', () => {
    const simulcast = watched()
    simulcast.offeredAt.length = 0
    for (let sent = 0; sent < 1000; sent += 100) {
      simulcast.keyframe('q')
      simulcast.send(100, 'q', 'h', 'f')
    }
    expect(simulcast.offeredAt.length).toBeGreaterThanOrEqual(3)
  })

  it('make the layers looked at so often and no oftener: it takes a walk over their packets', () => {
    const simulcast = watched()
    const looks = new Set([simulcast.publication.layers.offered])
    for (let i = 0; i < 20; i++) {
      simulcast.keyframe('q')
      looks.add(simulcast.publication.layers.offered)
    }
    expect(looks.size).toBe(1 + 8)
    simulcast.send(300, 'q')
    looks.clear()
    simulcast.keyframe('h')
    const { offered } = simulcast.publication.layers
    simulcast.keyframe('h')
    expect(simulcast.publication.layers.offered).not.toBe(offered)
  })
})
