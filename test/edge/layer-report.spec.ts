import { describe, expect, it } from 'vitest'
import { LayerReport } from '#edge/layer-report.ts'

class FakeLayer {
  readonly rid: string | undefined
  readonly inspector
  rate: number

  constructor(rid: string | undefined, rate: number, width?: number, height?: number) {
    this.rid = rid
    this.rate = rate
    this.inspector = { facts: { width, height } }
  }

  bitsPerSecond(): number {
    return this.rate
  }
}

describe('layers as the event shows them (WHEP-88..92)', () => {
  it('have a rid, a place by size, a bitrate and a size', () => {
    const report = new LayerReport()
    report.update([new FakeLayer('h', 557_112.4, 640, 360), new FakeLayer('l', 0, 320, 180)], 0)
    expect(JSON.parse(report.text(undefined))).toEqual([
      { rid: 'h', spatialLayerId: 1, bitrate: 557_112, width: 640, height: 360 },
      { rid: 'l', spatialLayerId: 0, bitrate: 0, width: 320, height: 180 },
    ])
  })

  it('have at least a place where there is no rid (WHEP-89)', () => {
    const report = new LayerReport()
    report.update([new FakeLayer(undefined, 1000)], 0)
    expect(JSON.parse(report.text(undefined))).toEqual([{ spatialLayerId: 0, bitrate: 1000 }])
  })

  it('are those within an encoding, too', () => {
    const within = (spatialId: number, temporalId: number, rate: number) => {
      return Object.assign(new FakeLayer(undefined, rate, 320 << spatialId, 180), {
        spatialId,
        temporalId,
      })
    }
    const report = new LayerReport()
    report.update([within(0, 0, 10), within(0, 1, 20), within(1, 1, 60)], 0)
    expect(JSON.parse(report.text(undefined))).toEqual([
      { spatialLayerId: 0, temporalLayerId: 0, bitrate: 10, width: 320, height: 180 },
      { spatialLayerId: 0, temporalLayerId: 1, bitrate: 20, width: 320, height: 180 },
      { spatialLayerId: 1, temporalLayerId: 1, bitrate: 60, width: 640, height: 180 },
    ])
  })

  it('say which of them is shown', () => {
    const layers = [new FakeLayer('h', 1, 640, 360), new FakeLayer('l', 1, 320, 180)]
    const report = new LayerReport()
    report.update(layers, 0)
    expect(JSON.parse(report.text(layers[1]))).toMatchObject([{}, { rid: 'l', selected: true }])
    expect(report.text(layers[0])).not.toBe(report.text(layers[1]))
  })

  it.each`
    change                                | rate    | width | isNews
    ${'none'}                             | ${1000} | ${64} | ${false}
    ${'a fifth more'}                     | ${1200} | ${64} | ${false}
    ${'more than a fifth more'}           | ${1201} | ${64} | ${true}
    ${'more than a fifth less'}           | ${799}  | ${64} | ${true}
    ${'nothing comes any more (WHEP-90)'} | ${0}    | ${64} | ${true}
    ${'another size'}                     | ${1000} | ${32} | ${true}
  `('change when they have: $change', ({ rate, width, isNews }) => {
    const layer = new FakeLayer('h', 1000, 64, 64)
    const report = new LayerReport()
    report.update([layer], 0)
    const before = report.text(undefined)
    layer.rate = rate
    layer.inspector.facts.width = width
    report.update([layer], 1000)
    expect(report.text(undefined) !== before).toBe(isNews)
  })

  it('change with the publication', () => {
    const report = new LayerReport()
    report.update([new FakeLayer('h', 1, 640, 360)], 0)
    report.update([new FakeLayer('f', 1, 640, 360)], 0)
    expect(report.text(undefined)).toContain('"rid":"f"')
    report.update([], 0)
    expect(report.text(undefined)).toBe('[]')
  })
})
