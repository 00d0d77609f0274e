import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const { video, audio } = JSON.parse(readFileSync('demo/clip.json', 'utf8'))
const stream = readFileSync(`demo/${video.file}`)

/** NAL unit types in order of appearance (ITU-T H.264 table 7-1). */
function nalTypes(bytes: Buffer): number[] {
  const types: number[] = []
  for (let at = bytes.indexOf('000001', 0, 'hex'); at >= 0; ) {
    types.push(bytes[at + 3]! & 0x1f)
    at = bytes.indexOf('000001', at + 3, 'hex')
  }
  return types
}

describe('the demo clip', () => {
  it('is small enough to clone', () => {
    expect(stream.length).toBe(video.bytes)
    expect(readFileSync(`demo/${audio.file}`).length).toBe(audio.bytes)
    expect(video.bytes + audio.bytes).toBeLessThan(2.5e6)
  })

  it('has one slice per picture, and keyframes only where OBS puts them', () => {
    const pictures: number[][] = []
    for (const type of nalTypes(stream)) {
      const delimiter = 9
      if (type === delimiter) pictures.push([])
      else pictures.at(-1)!.push(type)
    }
    expect(pictures).toHaveLength(video.frames)
    const slices = pictures.map((types) => types.filter((type) => type === 1 || type === 5))
    expect(slices.filter((types) => types.length !== 1)).toEqual([])
    const keyframes = slices.flatMap(([type], index) => (type === 5 ? [index] : []))
    expect(keyframes).toEqual([0, video.keyframeInterval])
    for (const index of keyframes) expect(pictures[index]).toEqual(expect.arrayContaining([7, 8]))
  })

  it('is High profile, like the picture OBS sends', () => {
    const parameterSet = stream.indexOf('00000167', 0, 'hex')
    expect(stream[parameterSet + 4]).toBe(100)
  })
})
