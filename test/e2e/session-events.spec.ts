import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { clockGeometry } from '#test/support/clock-reader.ts'
import { Stage, stageUnavailable } from '#test/support/stage.ts'

const whipWhep = join(import.meta.dirname, '..', '..', 'node_modules', 'whip-whep')
const playToken = 'e2e-play-token'
const clock = clockGeometry(1280, 720)

describe('whip-whep, which uses both extensions, in Chromium (IO-8)', () => {
  const missing = stageUnavailable()
  let stage: Stage
  beforeAll(async () => {
    if (missing) return
    stage = await Stage.open({
      env: { TAILRACE_PLAY_TOKEN: playToken, TAILRACE_GRACE_MS: '2000' },
      folders: { '/whip-whep': whipWhep },
    })
    await stage.page.call('extend', '/session-events.js')
  })
  beforeEach(({ skip }) => {
    if (missing) skip(missing)
  })
  afterAll(() => stage?.close())

  const view = async (stream: string) => {
    const options = { url: stage.server.whep(stream), token: playToken }
    const id = await stage.page.call<number>('viewWithEvents', options)
    const call = <T>(method: string, ...args: unknown[]) =>
      stage.page.call<T>('call', id, method, ...args)
    await call('firstFrame', 15_000)
    return { call, close: () => stage.page.call('close', id) }
  }

  it('hears of the stream, its layers and its viewers', async () => {
    const publisher = await stage.obs('eventful')
    const first = await view('eventful')
    expect(await first.call('event', 'active', 15_000)).toEqual({})
    expect(await first.call('event', 'layers', 15_000)).toEqual({
      1: [
        expect.objectContaining({
          spatialLayerId: 0,
          bitrate: expect.any(Number),
          width: expect.any(Number),
          height: expect.any(Number),
        }),
      ],
    })
    const second = await view('eventful')
    await expect
      .poll(() => first.call('event', 'viewercount', 5000), { timeout: 10_000 })
      .toEqual({ viewercount: 2 })
    await second.close()
    await publisher.stop('delete')
    expect(await first.call('event', 'inactive', 10_000)).toEqual({})
    // Nobody comes back: the session ends, and its EventSource finds that it is gone.
    await first.call('sourceState', 2, 20_000)
    await first.close()
  }, 90_000)

  it('is shown the layer of its choice, and the best again when it has none', async () => {
    const { server, page } = stage
    const options = { url: server.whip('layered'), token: server.key, clock }
    const publishing = await page.call<number>('publishLayers', options)
    const status = `${server.origin}/api/v1/streams/layered?token=${playToken}`
    await expect
      .poll(async () => (await server.get(status)).body, { timeout: 10_000 })
      .toContain('"state":"live"')
    const viewing = await view('layered')
    const layers = () => viewing.call('layers')
    await expect
      .poll(layers, { timeout: 30_000 })
      .toMatchObject({ widths: { q: 320, h: 640, f: 1280 } })
    const section = '1'
    for (const [rid, width] of [
      ['q', 320],
      ['f', 1280],
      ['h', 640],
    ] as const) {
      expect(await viewing.call('select', { mediaId: section, rid })).toBe(200)
      await viewing.call('width', width, 15_000)
      await expect.poll(layers, { timeout: 10_000 }).toMatchObject({ selected: rid })
    }
    expect(await viewing.call('select', { mediaId: section, maxHeight: 200 })).toBe(200)
    await viewing.call('width', 320, 15_000)
    expect(await viewing.call('select', { mediaId: section })).toBe(200)
    await viewing.call('width', 1280, 15_000)
    await viewing.close()
    await page.call('close', publishing)
  }, 120_000)

  it('chooses a layer, and hears what cannot be chosen', async () => {
    await stage.obs('choosing')
    const viewing = await view('choosing')
    expect(await viewing.call('select', { mediaId: '1', maxHeight: 720 })).toBe(200)
    expect(await viewing.call('select', { mediaId: '1', rid: 'none' })).toBe(422)
    expect(await viewing.call('select', { mediaId: '0', rid: 'h' })).toBe(422)
    await viewing.call('selectByClient', { mediaId: '1', maxHeight: 1 })
    await viewing.call('unselectByClient')
    await viewing.call('moreFrames', 30, 10_000)
    await viewing.close()
  }, 60_000)
})
