import { describe, expect, it } from 'vitest'
import { sessionId } from '#test/support/http.ts'
import { ExtensionRig } from './extension-rig.ts'
import { FakeSink } from './fake-sink.ts'

/** A page that reads events of the rig's session. */
function read(rig: ExtensionRig, wanted?: Parameters<typeof rig.extensions.events.subscribe>[1]) {
  const sink = new FakeSink()
  const stream = rig.extensions.events.subscribe(sessionId, wanted)!
  rig.extensions.events.stream(sessionId, stream)!.connect(sink, rig.clock.now())
  return { sink, stream }
}
const message = (name: string, data: unknown = {}) =>
  `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
const layersOf = (text: string | undefined) => JSON.parse(text!.split('data: ')[1]!)

describe('active and inactive (WHEP-86, 87)', () => {
  it('are told at once, the first also at the start', () => {
    const rig = new ExtensionRig()
    rig.publish()
    const { sink } = read(rig, ['active', 'inactive'])
    expect(sink.take()).toEqual([message('active'), ':\n\n'].reverse())
    rig.unpublish()
    expect(sink.take()).toEqual([message('inactive')])
    rig.publish()
    expect(sink.take()).toEqual([message('active')])
  })

  it('say nothing at the start when nothing is live', () => {
    const { sink } = read(new ExtensionRig(), ['active', 'inactive'])
    expect(sink.take()).toEqual([':\n\n'])
  })
})

describe('layers (WHEP-88..92)', () => {
  it('are keyed by the m-line, and say which one this viewer is sent', () => {
    const rig = new ExtensionRig()
    rig.publish()
    rig.extensions.joined(sessionId, rig.viewer)
    const { sink } = read(rig, ['layers'])
    rig.run(0)
    expect(layersOf(sink.take()[1])).toEqual({
      1: [
        { rid: 'h', spatialLayerId: 2, bitrate: 1000, width: 1280, height: 640 },
        { rid: 'm', spatialLayerId: 1, bitrate: 0, width: 640, height: 320 },
        { rid: 'l', spatialLayerId: 0, bitrate: 1000, width: 320, height: 160, selected: true },
      ],
    })
  })

  it('are told again when they change, and once a second at most', () => {
    const rig = new ExtensionRig()
    rig.publish()
    const { sink } = read(rig, ['layers'])
    rig.run(5000)
    expect(sink.take().filter((text) => text !== ':\n\n')).toHaveLength(1)
    for (let i = 0; i < 30; i++) {
      rig.layers[0]!.inspector.facts.width += 16
      rig.run(100)
    }
    expect(sink.take()).toHaveLength(3)
  })
})

describe('viewercount (WHEP-96)', () => {
  it('is told at the start and when it changes', () => {
    const rig = new ExtensionRig()
    const { sink } = read(rig, ['viewercount'])
    rig.run(3000)
    rig.stream.join(rig.viewer, 0)
    rig.run(3000)
    expect(sink.take()).toEqual([
      ':\n\n',
      message('viewercount', { viewercount: 0 }),
      message('viewercount', { viewercount: 1 }),
    ])
  })

  it('has two digits that count for large audiences', () => {
    const rig = new ExtensionRig()
    for (let i = 0; i < 1234; i++) rig.stream.join(Object.create(rig.viewer), 0)
    const { sink } = read(rig, ['viewercount'])
    rig.run(0)
    expect(sink.take()).toEqual([':\n\n', message('viewercount', { viewercount: 1200 })])
  })
})

describe('reconnect (WHEP-94)', () => {
  it('is told to one session or all, with an address or without', () => {
    const rig = new ExtensionRig()
    const { sink } = read(rig, ['reconnect'])
    rig.extensions.events.reconnect(sessionId, 'https://b.example/whep/main')
    rig.extensions.events.reconnectAll()
    expect(sink.take().slice(1)).toEqual([
      message('reconnect', { url: 'https://b.example/whep/main' }),
      message('reconnect'),
    ])
  })
})

describe('event streams of a session', () => {
  it('end with it, and are not looked at any more (WHEP-83)', () => {
    const rig = new ExtensionRig()
    const { sink, stream } = read(rig)
    const { events } = rig.extensions
    expect(rig.scheduler.machines.size).toBe(1)
    rig.extensions.ended(sessionId)
    expect([sink.state, rig.scheduler.machines.size, rig.extensions.size]).toEqual(['ended', 0, 0])
    expect(rig.stream.listener).toBeUndefined()
    expect([events.stream(sessionId, stream), events.subscribe(sessionId)]).toEqual([
      undefined,
      undefined,
    ])
  })

  it('are four at most: the oldest ends', () => {
    const rig = new ExtensionRig()
    const pages = Array.from({ length: 5 }, () => read(rig))
    expect(pages.map(({ sink }) => sink.state)).toEqual(['ended', 'open', 'open', 'open', 'open'])
  })

  it('cost nothing while there are none', () => {
    const rig = new ExtensionRig()
    rig.publish()
    expect([rig.scheduler.machines.size, rig.stream.listener]).toEqual([0, undefined])
    const { stream } = read(rig)
    rig.extensions.events.end(sessionId, stream)
    expect([rig.scheduler.machines.size, rig.stream.listener]).toEqual([0, undefined])
  })
})
