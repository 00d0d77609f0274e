import { describe, expect, it } from 'vitest'
import { strangerCertificate } from '#test/support/remote-peer.ts'
import {
  demo,
  ffmpegAgent,
  ffmpegOffer,
  nothing,
  obsOffer,
  SessionWorld,
  viewerOffer,
} from '#test/support/session-world.ts'

const code = (code: string) => expect.objectContaining({ code })
const live = { ...nothing, sessions: 1, publishers: 1, peers: 1 }

describe('a publisher', () => {
  it('has a session with its answer, and publishes when it is connected', () => {
    const world = new SessionWorld()
    const client = world.publish()
    expect(client.answer).toMatch(/^v=0\r\n/)
    expect(client.etag).toBe(world.sessions.get(client.id)?.etag)
    expect(world.sizes).toEqual({ ...live, machines: 2 })
    expect(world.streams.get(demo)?.publication).toBeUndefined()
    world.connect(client)
    expect(world.takeTold()).toEqual(['publishing demo obs'])
    expect(world.streams.get(demo)?.publication).toMatchObject({ peer: 1 })
    expect(world.sizes).toEqual({ ...live, machines: 3, planePeers: 1, logs: 2 })
  })

  it('is heard: its packets come into its logs, and keep it alive (WHIP-36)', () => {
    const world = new SessionWorld()
    const client = world.connect(world.publish())
    client.remote.checking = false
    for (let i = 0; i < 60; i++) {
      world.receive(1, { sequenceNumber: i }, Buffer.of(1))
      world.run(1000)
    }
    const publication = world.streams.get(demo)!.publication!
    expect(publication.layers.audio?.log.end).toBe(60 + 0x10000)
    world.run(31_000)
    expect(world.takeTold().at(-1)).toBe('publisher of demo consent-expired')
  })

  it('trickles candidates into nothing, and restarts its ICE', () => {
    const world = new SessionWorld()
    const { id, etag } = world.publish()
    const session = world.sessions.get(id)!
    const [, ufrag, password] = /a=ice-ufrag:(\S+)\r?\na=ice-pwd:(\S+)/.exec(obsOffer)!
    const fragment = (one: string, other: string) =>
      `a=ice-ufrag:${one}\r\na=ice-pwd:${other}\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n`
    expect(session.patch(fragment(ufrag!, password!))).toBeUndefined()
    expect([session.etag, session.restarted]).toEqual([etag, false])
    const restart = session.patch(fragment('Else', 'p'.repeat(24)))!
    expect(restart.etag).not.toBe(etag)
    expect(restart).toMatchObject({
      etag: session.etag,
      fragment: expect.stringContaining('a=ice-lite\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n'),
    })
    expect(session.restarted).toBe(true)
  })
})

describe('an offer that is refused leaves nothing behind', () => {
  it.each`
    what                         | offer                                              | thrown
    ${'that is no SDP'}          | ${'hello'}                                         | ${'malformed-sdp'}
    ${'of a viewer'}             | ${viewerOffer}                                     | ${'unacceptable-offer'}
    ${'without a codec of ours'} | ${obsOffer.replaceAll('H264/90000', 'X/90000')}    | ${'unacceptable-offer'}
    ${'without a fingerprint'}   | ${obsOffer.replaceAll(/a=fingerprint.*\r\n/g, '')} | ${'unacceptable-offer'}
  `('$what', ({ offer, thrown }) => {
    const world = new SessionWorld()
    expect(() => world.publish({ offer })).toThrow(code(thrown))
    expect(world.sizes).toEqual(nothing)
    expect(world.streams.list()).toEqual([])
  })

  it('for which there is no room, and it says when to ask again', () => {
    const world = new SessionWorld({ maxPublishers: 1 })
    world.publish()
    const other = { tenant: 'default', stream: 'other' }
    expect(() => world.publish({ name: other })).toThrow(
      expect.objectContaining({ code: 'full', retryAfter: 5 }),
    )
    expect([world.publishers.size, world.streams.get(other)]).toEqual([1, undefined])
  })
})

describe('a name has one owner', () => {
  it.each(['before it is connected', 'while it publishes'])('another key is refused %s', (when) => {
    const world = new SessionWorld()
    const client = world.publish({ key: 'mine' })
    if (when === 'while it publishes') world.connect(client)
    expect(() => world.publish({ key: 'theirs' })).toThrow(code('stream-taken'))
    world.sessions.get(client.id)?.end()
    expect(() => world.publish({ key: 'theirs' })).not.toThrow()
  })

  it('of each tenant', () => {
    const world = new SessionWorld()
    world.publish({ key: 'mine' })
    const elsewhere = { tenant: 'other', stream: 'demo' }
    expect(() => world.publish({ key: 'theirs', name: elsewhere })).not.toThrow()
  })

  it('whose own key takes over when the new one is secured, and not before', () => {
    const world = new SessionWorld()
    const old = world.connect(world.publish())
    const viewer = world.connect(world.watch())
    const young = world.publish()
    world.run(1000)
    expect(world.streams.get(demo)?.publication).toMatchObject({ peer: 1 })
    world.takeTold()
    world.connect(young)
    expect(world.takeTold()).toEqual(['publisher of demo replaced', 'publishing demo obs'])
    expect(world.streams.get(demo)?.epoch).toBe(2)
    expect(world.streams.get(demo)?.publication).toMatchObject({ peer: 3 })
    expect(world.streams.get(demo)?.viewers.size).toBe(1)
    expect(viewer.remote.dtls.peerClosed).toBe(false)
    expect([world.sessions.get(old.id)?.etag, world.publishers.size]).toEqual([undefined, 1])
  })

  it('tells OBS nothing of that, or it would take the stream back for ever (IO-26)', () => {
    const world = new SessionWorld()
    const old = world.connect(world.publish())
    world.connect(world.publish())
    expect(old.remote.dtls.peerClosed).toBe(false)
  })

  it('who goes on when the new one fails', () => {
    const world = new SessionWorld()
    const old = world.connect(world.publish())
    world.add(world.publish({}, { certificate: strangerCertificate }).remote)
    world.run(20_000)
    expect(world.streams.get(demo)?.publication).toMatchObject({ peer: 1 })
    expect(world.sessions.get(old.id)?.etag).toBe(old.etag)
    expect(world.publishers.size).toBe(1)
  })
})

describe('a publisher that ends', () => {
  const publishing = (
    end: (world: SessionWorld, client: ReturnType<SessionWorld['publish']>) => void,
  ) => {
    const world = new SessionWorld()
    const client = world.connect(world.publish())
    world.takeTold()
    end(world, client)
    return { world, client }
  }

  it('by DELETE is told goodbye (IO-26) and leaves nothing but its name', () => {
    const { world, client } = publishing(({ sessions }, { id }) => sessions.get(id)?.end())
    expect(world.takeTold()).toEqual(['publisher of demo deleted'])
    expect(world.sizes).toEqual(nothing)
    expect(world.streams.get(demo)).toMatchObject({ epoch: 1, publication: undefined })
    world.run(100)
    expect(client.remote.dtls.peerClosed).toBe(true)
    world.sessions.get(client.id)?.end()
    expect(world.takeTold()).toEqual([])
  })

  it('by its own goodbye', () => {
    const { world } = publishing((rig, { remote }) => {
      remote.dtls.close(rig.now)
      rig.run(100)
    })
    expect(world.takeTold()).toEqual(['publisher of demo closed-by-peer'])
    expect(world.sizes).toEqual(nothing)
  })

  it('by silence', () => {
    const { world } = publishing((rig, { remote }) => {
      remote.checking = false
      rig.run(31_000)
    })
    expect(world.takeTold()).toEqual(['publisher of demo consent-expired'])
    expect(world.sizes).toEqual(nothing)
  })

  it('by shutdown', () => {
    const { world } = publishing(({ peers }) => peers.closeAll('shutdown'))
    expect(world.takeTold()).toEqual(['publisher of demo shutdown'])
    expect(world.sizes).toEqual(nothing)
  })

  it('before it came', () => {
    const world = new SessionWorld()
    world.publish()
    world.run(16_000)
    expect(world.takeTold()).toEqual(['publisher of demo never-connected'])
    expect(world.sizes).toEqual(nothing)
  })

  it('by a handshake that fails, and says why', () => {
    const world = new SessionWorld()
    world.add(world.publish({}, { certificate: strangerCertificate }).remote)
    world.run(1000)
    expect(world.takeTold()).toEqual([
      expect.stringMatching(/^publisher of demo handshake-failed \S+/),
    ])
    expect(world.sizes).toEqual(nothing)
    expect(world.streams.get(demo)?.epoch).toBe(0)
  })

  it('is never told when it is ffmpeg, which would hang (IO-43)', () => {
    const world = new SessionWorld()
    const asked = { offer: ffmpegOffer, userAgent: ffmpegAgent }
    const client = world.connect(world.publish(asked))
    world.sessions.get(client.id)?.end()
    client.remote.answers.length = 0
    world.run(30_000)
    expect([client.remote.dtls.peerClosed, client.remote.answers]).toEqual([false, []])
    expect(world.sizes).toEqual(nothing)
  })
})

describe('a stream whose time of grace ends while its publisher is on its way', () => {
  it('is made anew: whoever publishes is found', () => {
    const world = new SessionWorld()
    const client = world.publish()
    world.streams.expire(world.now + 1, 0)
    expect(world.streams.get(demo)).toBeUndefined()
    world.connect(client)
    expect(world.streams.get(demo)?.publication).toBeDefined()
  })
})

it('1000 publishers that come and go leave everything as it was', () => {
  const world = new SessionWorld({ maxPublishers: 1 })
  for (let i = 0; i < 1000; i++) {
    const client = world.publish()
    if (i % 100 === 0) world.connect(client)
    if (i % 3) world.sessions.get(client.id)?.end()
    else world.peers.closeAll('shutdown')
    world.remotes.length = 0
  }
  expect(world.sizes).toEqual(nothing)
  expect(world.streams.list()).toHaveLength(1)
  world.streams.expire(world.now + 1, 0)
  expect(world.streams.list()).toEqual([])
})
