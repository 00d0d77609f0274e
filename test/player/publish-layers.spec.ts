import { describe, expect, it } from 'vitest'
import { playerModule } from '#test/support/player.ts'

const { encodingsFor } = await playerModule('publish-layers.ts')

const picture = { codec: 'video/H264', height: 720, maxBitrate: 1_600_000 }
const rids = (encodings: { rid?: string }[]) => encodings.map(({ rid }) => rid)

describe('the encodings that the publish page sends', () => {
  it('are three from 720 lines on, unless one is asked for', () => {
    expect(encodingsFor('automatic', picture)).toEqual([
      { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 100_000 },
      { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 400_000 },
      { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 1_600_000 },
    ])
    expect(encodingsFor('one', picture)).toEqual([{ maxBitrate: 1_600_000 }])
  })

  it('are one of a smaller picture, unless three are asked for', () => {
    const small = { ...picture, height: 719 }
    expect(encodingsFor('automatic', small)).toEqual([{ maxBitrate: 1_600_000 }])
    expect(rids(encodingsFor('three', small))).toEqual(['q', 'h', 'f'])
  })

  it('have layers within one where the codec can, and three beside each other where it cannot', () => {
    const vp9 = { ...picture, codec: 'video/VP9' }
    expect(encodingsFor('svc', { ...picture, codec: 'video/AV1' })).toMatchObject([
      { scalabilityMode: 'L1T3' },
    ])
    expect(encodingsFor('svc', vp9)).toEqual([
      { maxBitrate: 1_600_000, scalabilityMode: 'L3T3_KEY' },
    ])
    expect(rids(encodingsFor('svc', picture))).toEqual(['q', 'h', 'f'])
  })

  it('of VP9 name their mode, or Chromium would make one encoding of the three', () => {
    const encodings = encodingsFor('three', { ...picture, codec: 'video/VP9' })
    expect(encodings).toMatchObject(Array(3).fill({ scalabilityMode: 'L1T3' }))
  })
})
