import { describe, expect, it } from 'vitest'
import { allowedLayers, bySize } from '#relay/layer-selection.ts'

const layer = (rid: string | undefined, width?: number, height?: number) => ({
  rid,
  inspector: {
    facts: { ...(width !== undefined && { width }), ...(height !== undefined && { height }) },
  },
})
const [low, middle, high] = [layer('l', 320, 180), layer('m', 640, 360), layer('h', 1280, 720)]
/** As OBS lists them: the full size first (IO-24). */
const layers = [high, middle, low]
const rids = (found: readonly { rid: string | undefined }[]) => found.map(({ rid }) => rid)

describe('what a selection leaves (WHEP-100, 105)', () => {
  it.each`
    selection                              | left
    ${{}}                                  | ${['l', 'm', 'h']}
    ${{ rid: 'h' }}                        | ${['l', 'm', 'h']}
    ${{ rid: 'm' }}                        | ${['l', 'm']}
    ${{ rid: 'l' }}                        | ${['l']}
    ${{ rid: 'gone' }}                     | ${['l', 'm', 'h']}
    ${{ spatialLayerId: 0 }}               | ${['l']}
    ${{ spatialLayerId: 2 }}               | ${['l', 'm', 'h']}
    ${{ spatialLayerId: 7 }}               | ${['l', 'm', 'h']}
    ${{ maxSpatialLayerId: 1 }}            | ${['l', 'm']}
    ${{ maxHeight: 360 }}                  | ${['l', 'm']}
    ${{ maxHeight: 359 }}                  | ${['l']}
    ${{ maxWidth: 1279, maxHeight: 1080 }} | ${['l', 'm']}
    ${{ maxWidth: 100 }}                   | ${['l']}
    ${{ rid: 'h', maxHeight: 360 }}        | ${['l', 'm']}
    ${{ rid: 'l', maxSpatialLayerId: 2 }}  | ${['l']}
    ${{ temporalLayerId: 0 }}              | ${['l', 'm', 'h']}
  `('$selection leaves $left', ({ selection, left }) => {
    expect(rids(allowedLayers(layers, selection))).toEqual(left)
  })

  it('is by the size of the picture, not by its height alone', () => {
    const wide = layer('w', 1920, 300)
    expect(rids(allowedLayers([wide, ...layers], {}))).toEqual(['l', 'm', 'w', 'h'])
    expect(rids(allowedLayers([wide, ...layers], { maxHeight: 300 }))).toEqual(['l', 'w'])
  })

  it('leaves out layers of unknown size, unless that is all there are', () => {
    expect(rids(bySize([layer('x'), ...layers]))).toEqual(['l', 'm', 'h'])
    expect(rids(allowedLayers([layer('x'), layer('y')], {}))).toEqual(['x', 'y'])
    expect(
      allowedLayers([{ rid: undefined, inspector: undefined }], { maxHeight: 1 }),
    ).toHaveLength(1)
    expect(allowedLayers([], { rid: 'h' })).toEqual([])
  })
})

describe('layers within an encoding', () => {
  const point = (spatialId: number, temporalId: number) => ({
    ...layer(undefined, 320 << spatialId, 180 << spatialId),
    spatialId,
    temporalId,
  })
  // As the publication lists them: S0T0 … S1T1, the last being the whole.
  const points = [point(0, 0), point(0, 1), point(1, 0), point(1, 1)]
  const names = (found: readonly { spatialId?: number; temporalId?: number }[]) =>
    found.map(({ spatialId, temporalId }) => `S${spatialId}T${temporalId}`)

  it.each`
    selection                                        | left
    ${{}}                                            | ${['S0T0', 'S0T1', 'S1T0', 'S1T1']}
    ${{ temporalLayerId: 0 }}                        | ${['S0T0', 'S1T0']}
    ${{ temporalLayerId: 2, maxTemporalLayerId: 0 }} | ${['S0T0', 'S1T0']}
    ${{ spatialLayerId: 0 }}                         | ${['S0T0', 'S0T1']}
    ${{ spatialLayerId: 1, temporalLayerId: 1 }}     | ${['S0T0', 'S0T1', 'S1T0', 'S1T1']}
    ${{ maxHeight: 200 }}                            | ${['S0T0', 'S0T1']}
  `('$selection leaves $left', ({ selection, left }) => {
    expect(names(allowedLayers(points, selection))).toEqual(left)
  })
})
