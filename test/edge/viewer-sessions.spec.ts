import { describe, expect, it } from 'vitest'
import { strangerCertificate } from '#test/support/remote-peer.ts'
import {
  type Client,
  demo,
  nothing,
  SessionWorld,
  viewerOffer,
} from '#test/support/session-world.ts'

const code = (code: string) => expect.objectContaining({ code })

/** A world where OBS publishes H264 as "demo". */
function live(limits = {}): { world: SessionWorld; publisher: Client } {
  const world = new SessionWorld(limits)
  const publisher = world.connect(world.publish())
  world.takeTold()
  return { world, publisher }
}

const withPublisher = {
  ...nothing,
  sessions: 1,
  publishers: 1,
  peers: 1,
  machines: 3,
  planePeers: 1,
  logs: 2,
}

describe('a viewer', () => {
  it('has a session with its answer, and joins when it is connected', () => {
    const { world } = live()
    const start = world.now
    const client = world.watch()
    expect(client.etag).toBe(world.sessions.get(client.id)?.etag)
    expect(world.takeTold()).toEqual(['reached answer 0'])
    expect(world.streams.get(demo)?.viewers.size).toBe(0)
    world.connect(client)
    expect(world.takeTold()).toEqual(['reached stun 20', 'reached dtls 60', 'joined demo'])
    expect(world.now).toBeGreaterThan(start)
    expect(world.streams.get(demo)?.viewers.size).toBe(1)
    expect(world.sizes).toMatchObject({ viewers: 1, sessions: 2, planePeers: 2, tracks: 2 })
  })

  it('hears the sound at once, under its own payload type', () => {
    const { world } = live()
    world.plane.take()
    world.connect(world.watch())
    const publication = world.streams.get(demo)!.publication!
    expect(world.plane.take().filter(({ kind }) => kind === 'follow')).toEqual([
      {
        kind: 'follow',
        track: expect.any(Number),
        source: { log: publication.layers.audio?.logId, payloadType: 111 },
      },
    ])
    expect(publication.hasViewers).toBe(true)
  })

  it('has each step of its join told, to the live end', () => {
    const { world } = live()
    world.connect(world.watch())
    world.takeTold()
    const [video] = [...world.plane.tracks].find(([, { kind }]) => kind === 'video')!
    world.dispatcher.started(video)
    world.dispatcher.caughtUp(video)
    expect(world.takeTold()).toEqual([
      expect.stringMatching(/^reached first-packet \d+$/),
      expect.stringMatching(/^reached live \d+$/),
    ])
    expect(Object.keys(world.streams.get(demo)!.joins.summary().phases)).toEqual([
      'answer',
      'stun',
      'dtls',
      'first-packet',
      'live',
    ])
  })

  it('sees the last keyframe at once, and again when its first flight was lost', () => {
    const { world } = live()
    // An IDR slice (RFC 6184 §5.2).
    world.receive(1, { payloadType: 96 }, Buffer.from('6588', 'hex'))
    const replays = () => world.plane.take().filter(({ kind }) => kind === 'replay').length
    world.connect(world.watch())
    expect(replays()).toBe(1)
    let handshakes = 0
    // The hello is the first datagram of our handshake, our last flight the second.
    world.loses = (way, datagram) => way === 'out' && datagram[0] === 22 && ++handshakes === 2
    world.connect(world.watch())
    expect(replays()).toBe(2)
  })
})

describe('an offer that is refused leaves nothing behind', () => {
  it('for a stream that nobody publishes, and says when to ask again', () => {
    const world = new SessionWorld()
    const notLive = expect.objectContaining({ code: 'stream-not-live', retryAfter: 2 })
    expect(() => world.watch()).toThrow(notLive)
    world.publish()
    expect(() => world.watch()).toThrow(notLive)
    expect(world.sizes).toMatchObject({ viewers: 0, sessions: 1 })
  })

  it.each`
    what                       | offer                                               | thrown
    ${'that is no SDP'}        | ${'hello'}                                          | ${'malformed-sdp'}
    ${'that has no transport'} | ${viewerOffer.replaceAll('/TLS/RTP/SAVPF', '/RTP')} | ${'unacceptable-offer'}
  `('$what', ({ offer, thrown }) => {
    const { world } = live()
    expect(() => world.watch({ offer })).toThrow(code(thrown))
    expect(world.sizes).toEqual(withPublisher)
  })

  it('from an address with 200 sessions on the way (SEC-21)', () => {
    const { world } = live({ maxViewers: 1000 })
    for (let i = 0; i < 200; i++) world.watch({ address: '192.0.2.9' })
    expect(() => world.watch({ address: '192.0.2.9' })).toThrow(code('rate-limited'))
    expect(() => world.watch({ address: '192.0.2.10' })).not.toThrow()
    world.run(16_000)
    expect(() => world.watch({ address: '192.0.2.9' })).not.toThrow()
  })

  it('for which there is no room, connected or not', () => {
    const { world } = live({ maxViewers: 2 })
    world.connect(world.watch())
    const second = world.watch()
    expect(() => world.watch()).toThrow(expect.objectContaining({ code: 'full', retryAfter: 5 }))
    world.sessions.get(second.id)?.end()
    expect(() => world.watch()).not.toThrow()
  })
})

describe('a viewer that ends', () => {
  it.each`
    how                 | end
    ${'deleted'}        | ${(world: SessionWorld, { id }: Client) => world.sessions.get(id)?.end()}
    ${'closed-by-peer'} | ${(world: SessionWorld, { remote }: Client) => remote.dtls.close(world.now)}
    ${'consent-expired'} | ${(_: SessionWorld, { remote }: Client) => {
  remote.checking = false
}}
    ${'stream-ended'}   | ${(world: SessionWorld) => world.viewers.endStream(world.streams.get(demo)!)}
  `('as "$how" leaves nothing behind', ({ how, end }) => {
    const { world } = live()
    const client = world.connect(world.watch())
    world.takeTold()
    end(world, client)
    world.run(31_000)
    expect(world.takeTold()).toEqual([`viewer of demo ${how}`])
    expect(world.sizes).toEqual(withPublisher)
    expect(world.streams.get(demo)?.viewers.size).toBe(0)
    expect(world.streams.get(demo)?.publication?.hasViewers).toBe(false)
    expect(world.sessions.get(client.id)?.etag).toBeUndefined()
  })

  it('before it came', () => {
    const { world } = live()
    world.watch()
    world.run(16_000)
    expect(world.takeTold().at(-1)).toBe('viewer of demo never-connected')
    expect(world.sizes).toEqual(withPublisher)
  })

  it('by a handshake that fails, and says why', () => {
    const { world } = live()
    world.add(world.watch({}, { certificate: strangerCertificate }).remote)
    world.run(1000)
    expect(world.takeTold().at(-1)).toMatch(/^viewer of demo handshake-failed \S+/)
    expect(world.sizes).toEqual(withPublisher)
    expect(world.streams.get(demo)?.joins.summary().count).toBe(0)
  })

  it('is not heard any more', () => {
    const { world } = live()
    const { id } = world.connect(world.watch())
    const tracks = [...world.plane.tracks.keys()]
    world.sessions.get(id)?.end()
    world.takeTold()
    for (const track of tracks) {
      world.dispatcher.started(track)
      world.dispatcher.starved(track)
    }
    expect(world.takeTold()).toEqual([])
  })
})

describe('viewers stay while publications come and go (DESIGN §9)', () => {
  it('in their sessions, until the time of grace is over', () => {
    const { world, publisher } = live()
    const client = world.connect(world.watch())
    world.sessions.get(publisher.id)?.end()
    world.run(10_000)
    expect(world.streams.get(demo)?.viewers.size).toBe(1)
    world.connect(world.publish())
    expect(world.streams.get(demo)).toMatchObject({ epoch: 2 })
    expect(world.streams.get(demo)?.publication?.hasViewers).toBe(true)
    expect(client.remote.dtls.peerClosed).toBe(false)
  })

  it('and hear of the end when it is', () => {
    const { world, publisher } = live()
    const [watching, coming] = [world.connect(world.watch()), world.watch()]
    world.sessions.get(publisher.id)?.end()
    world.takeTold()
    for (const stream of world.streams.expire(world.now + 1001, 1000)) {
      world.viewers.endStream(stream)
    }
    world.run(100)
    expect(world.takeTold()).toEqual(['viewer of demo stream-ended', 'viewer of demo stream-ended'])
    expect(watching.remote.dtls.peerClosed).toBe(true)
    expect(world.sessions.get(coming.id)?.etag).toBeUndefined()
    expect(world.sizes).toEqual(nothing)
  })
})

it('1000 viewers that come and go leave everything as it was', () => {
  const { world } = live()
  for (let i = 0; i < 1000; i++) {
    const client = world.watch()
    if (i % 100 === 0) world.connect(client)
    world.sessions.get(client.id)?.end()
    world.remotes.length = 1
  }
  expect(world.sizes).toEqual(withPublisher)
  expect(world.streams.get(demo)?.viewers.size).toBe(0)
})
