import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UsageError } from '#load/arguments.ts'
import type { Clip } from '#load/clip.ts'
import { loadClip } from '#load/clip-files.ts'
import { readH264Sps } from '#rtp/codecs/h264-sps.ts'
import { isInstalled } from '#test/support/program.ts'

const demo = join(import.meta.dirname, '..', '..', 'demo')

describe('clips on disk', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tailrace-clip-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('are the demo unless another is chosen', async () => {
    const clip = await loadClip({})
    expect(clip).toEqual(await loadClip({ path: demo }))
    expect(clip).toEqual(await loadClip({ path: join(demo, 'clip.h264') }))
    expect(clip.hasAudio).toBe(true)
  })

  it('may be a file alone: without sound, at 30 pictures a second or as told', async () => {
    const path = join(folder, 'my.h264')
    copyFileSync(join(demo, 'clip.h264'), path)
    const clip = await loadClip({ path })
    expect(clip.hasAudio).toBe(false)
    expect((await loadClip({ path, frameRate: 60 })).duration).toBeCloseTo(clip.duration / 2, 6)
    writeFileSync(join(folder, 'my.json'), '{"video":{"framesPerSecond":15}}')
    expect((await loadClip({ path })).duration).toBeCloseTo(clip.duration * 2, 6)
  })

  it.each`
    what              | file        | content      | message
    ${'is missing'}   | ${'x.h264'} | ${undefined} | ${/no such file or folder/}
    ${'is no H264'}   | ${'x.h264'} | ${'RIFF'}    | ${/cannot be used: it holds no H264/}
    ${'has bad JSON'} | ${'x.json'} | ${'{'}       | ${/x\.json is no JSON/}
  `('that $what are refused in words', async ({ file, content, message }) => {
    const path = join(folder, 'x.h264')
    if (file !== 'x.h264') copyFileSync(join(demo, 'clip.h264'), path)
    if (content !== undefined) writeFileSync(join(folder, file), content)
    const loading = loadClip({ path })
    await expect(loading).rejects.toThrow(UsageError)
    await expect(loading).rejects.toThrow(message)
  })

  it('are taken as they are when their keyframes are where they are wanted', async () => {
    const asIs = await loadClip({})
    expect(await loadClip({ keyframeInterval: 8.33 })).toEqual(asIs)
  })

  const sizesOf = (clip: Clip) =>
    Array.from({ length: clip.layers }, (_, wanted) => {
      const frames = clip.frames.filter(({ kind, layer }) => kind === 'video' && layer === wanted)
      const payloads = frames.flatMap((frame) => frame.payloads)
      const sps = payloads.find((payload) => (payload[0]! & 0x1f) === 7)!
      return {
        pictures: frames.length,
        keyframes: frames.flatMap(({ keyframe }, index) => (keyframe ? index : [])),
        kilobits: (payloads.reduce((sum, { length }) => sum + length, 0) * 8) / clip.duration,
        size: readH264Sps(sps, 1, sps.length),
      }
    })

  it('get layers of given rates from ffmpeg', { timeout: 60_000 }, async ({ skip }) => {
    if (!isInstalled('ffmpeg')) skip('no ffmpeg is installed')
    const bitrates = [2000, 500, 150]
    const clip = await loadClip({ layers: 3, bitrates, keyframeInterval: 2 })
    const sizes = sizesOf(clip)
    expect(sizes.map(({ size }) => size)).toMatchObject([
      { width: 640, height: 360 },
      { width: 320, height: 180 },
      { width: 160, height: 90 },
    ])
    for (const [layer, { pictures, keyframes, kilobits }] of sizes.entries()) {
      expect(pictures).toBe(500)
      expect(keyframes).toEqual([0, 60, 120, 180, 240, 300, 360, 420, 480])
      expect(kilobits / bitrates[layer]!).toBeGreaterThan(0.9)
      expect(kilobits / bitrates[layer]!).toBeLessThan(1.1)
    }
  })

  it('have the layers that stand beside them', async () => {
    for (const name of ['my', 'my-1'])
      copyFileSync(join(demo, 'clip.h264'), join(folder, `${name}.h264`))
    const path = join(folder, 'my.h264')
    expect((await loadClip({ path, layers: 2 })).layers).toBe(2)
    expect((await loadClip({ path })).layers).toBe(1)
  })

  it('get other keyframes from ffmpeg', { timeout: 60_000 }, async ({ skip }) => {
    if (!isInstalled('ffmpeg')) skip('no ffmpeg is installed')
    const clip = await loadClip({ keyframeInterval: 2 })
    const pictures = clip.frames.filter(({ kind }) => kind === 'video')
    const keyframes = pictures.flatMap(({ keyframe }, index) => (keyframe ? index : []))
    expect(pictures).toHaveLength(500)
    expect(keyframes).toEqual([0, 60, 120, 180, 240, 300, 360, 420, 480])
    expect(clip.keyframeInterval).toBe(2)
  })
})
