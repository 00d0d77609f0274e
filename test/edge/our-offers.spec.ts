import { describe, expect, it } from 'vitest'
import { remoteCertificate } from '#test/support/remote-peer.ts'
import {
  type Client,
  demo,
  nothing,
  SessionWorld,
  viewerOffer,
} from '#test/support/session-world.ts'
import { replyTo } from '#test/webrtc/sdp/replies.ts'

const code = (code: string) => expect.objectContaining({ code })
const withoutH264 = viewerOffer.replaceAll('H264/90000', 'X/90000')

/** A world where OBS publishes H264 as "demo". */
function live(limits = {}): { world: SessionWorld; publisher: Client } {
  const world = new SessionWorld(limits)
  const publisher = world.connect(world.publish())
  world.takeTold()
  return { world, publisher }
}

/** The answer of the client's browser, with the certificate that its peer has. */
function reply({ answer }: Client, choices = {}): string {
  const { algorithm, value } = remoteCertificate.fingerprint
  return replyTo(answer, choices).replaceAll(
    /a=fingerprint:.*$/gm,
    `a=fingerprint:${algorithm} ${value}`,
  )
}

const patch = (world: SessionWorld, client: Client, sdp = reply(client)) =>
  world.sessions.get(client.id)!.answer!(sdp)

const withPublisher = {
  ...nothing,
  sessions: 1,
  publishers: 1,
  peers: 1,
  machines: 3,
  planePeers: 1,
  logs: 2,
}
/** Beside the publisher: a session, a place among the viewers, a deadline. */
const waiting = { ...withPublisher, sessions: 2, viewers: 1, machines: 4, extended: 1 }

describe('a viewer for whom we make the offer (draft-ietf-wish-whep §4.3.2, WHEP-37)', () => {
  it.each`
    why                              | begin
    ${'whose offer lacks the codec'} | ${(world: SessionWorld) => world.watch({ offer: withoutH264 }, { role: 'client' })}
    ${'who asks for it'}             | ${(world: SessionWorld) => world.invite()}
  `('$why waits, answers, connects and joins', ({ begin }) => {
    const { world } = live()
    const client: Client = begin(world)
    expect(client.etag).toBe(world.sessions.get(client.id)?.etag)
    expect(client.answer).toContain('a=setup:actpass')
    // ICE credentials and no more (WHEP-32).
    expect(world.sizes).toEqual(waiting)
    expect(world.takeTold()).toEqual([])
    world.run(20_000)
    patch(world, client)
    expect(world.takeTold()).toEqual(['reached answer 0'])
    expect(world.sessions.get(client.id)).toMatchObject({ etag: client.etag, restarted: false })
    expect(world.sessions.get(client.id)?.answer).toBeUndefined()
    world.connect(client)
    expect(world.takeTold()).toEqual([
      'reached stun 20',
      expect.stringMatching(/^reached dtls \d+$/),
      'joined demo',
    ])
    expect(world.streams.get(demo)?.viewers.size).toBe(1)
    expect(world.sizes).toMatchObject({ viewers: 1, sessions: 2, machines: 4, tracks: 2 })
    const names = [...world.plane.tracks.values()].map(({ ssrc }) => ssrc)
    for (const ssrc of names) expect(client.answer).toContain(`a=ssrc:${ssrc} cname:`)
    world.sessions.get(client.id)?.end()
    expect(world.sizes).toEqual(withPublisher)
  })

  it('is told in which of its offers the wish was met by us (WHEP-21, WHEP-24)', () => {
    const { world } = live()
    const counter = world.watch({ offer: withoutH264 })
    expect(counter.counterOffer).toEqual({ validUntil: world.clock.wall() + 30_000 })
    expect(world.invite().counterOffer).toBeUndefined()
    expect(world.watch().counterOffer).toBeUndefined()
  })

  it.each`
    offer                         | sdp
    ${'sends'}                    | ${viewerOffer.replaceAll('a=recvonly', 'a=sendonly')}
    ${'is inactive'}              | ${viewerOffer.replaceAll('a=recvonly', 'a=inactive')}
    ${'has nothing that we have'} | ${viewerOffer.replaceAll(/^m=(audio|video)/gm, 'm=text')}
    ${'has H264 in mode 0 only'}  | ${viewerOffer.replaceAll('mode=1', 'mode=0')}
    ${'has no Opus'}              | ${viewerOffer.replaceAll('opus/48000', 'x-opus/48000')}
  `('whose offer $offer gets another (WHEP-15, WHEP-21)', ({ sdp }) => {
    const { world } = live()
    const client = world.watch({ offer: sdp }, { role: 'client' })
    expect(client.counterOffer).toBeDefined()
    patch(world, client)
    expect(world.connect(client).remote.dtls.state).toBe('connected')
  })

  it('may restart ICE like any other, by the section that we tagged (WHEP-59)', () => {
    const { world } = live()
    const client = world.invite()
    patch(world, client)
    world.connect(client)
    const session = world.sessions.get(client.id)!
    const fragment =
      'a=ice-ufrag:new1\r\na=ice-pwd:newPwd0123456789abcdefgh\r\nm=audio 9 X 0\r\na=mid:0\r\n'
    const restart = session.patch(fragment)!
    expect(restart.etag).not.toBe(client.etag)
    expect([session.etag, session.restarted]).toEqual([restart.etag, true])
    expect(restart.fragment).toMatch(/^m=audio /m)
    expect(restart.fragment).toContain('a=mid:0\r\n')
    expect(restart.fragment).toContain('a=candidate:')
  })

  it('may do with the sound alone', () => {
    const { world } = live()
    const client = world.invite()
    patch(world, client, reply(client, { rejected: ['video'] }))
    world.connect(client)
    expect([...world.plane.tracks.values()].map(({ kind }) => kind)).toEqual(['audio'])
  })
})

describe('an offer of ours that waits', () => {
  it('outlives an answer that is refused (WHEP-28)', () => {
    const { world } = live()
    const client = world.invite()
    expect(() => patch(world, client, 'hello')).toThrow(code('malformed-sdp'))
    const none = reply(client, { rejected: ['audio', 'video'] })
    expect(() => patch(world, client, none)).toThrow(code('unacceptable-answer'))
    // What Firefox without a decoder for H264 says (IO-62).
    const vp8 = reply(client, { formats: ['96', '97'] })
    expect(() => patch(world, client, vp8)).toThrow(code('no-common-codec'))
    expect(world.sizes).toEqual(waiting)
    patch(world, client)
    world.connect(client)
    expect(world.streams.get(demo)?.viewers.size).toBe(1)
  })

  it('takes no candidates (WHEP-60)', () => {
    const { world } = live()
    const session = world.sessions.get(world.invite().id)!
    expect(() => session.patch('a=end-of-candidates')).toThrow(code('answer-pending'))
  })

  it('counts for 30 s, and says so for a while after (WHEP-24, WHEP-31)', () => {
    const { world } = live()
    const [first] = [world.invite()]
    world.run(10_000)
    const second = world.invite()
    world.run(19_999)
    expect(world.sessions.get(first.id)).toBeDefined()
    world.run(1)
    expect(world.sessions.get(first.id)).toBeUndefined()
    expect(world.sessions.unanswered(first.id)).toBe(true)
    expect(world.sizes).toEqual(waiting)
    world.run(10_000)
    expect(world.sessions.unanswered(second.id)).toBe(true)
    expect(world.sizes).toEqual(withPublisher)
  })

  it('that is answered in its last moment leaves the peer all its time', () => {
    const { world } = live()
    const client = world.invite()
    world.run(29_999)
    patch(world, client)
    world.run(14_000)
    world.connect(client)
    expect(world.streams.get(demo)?.viewers.size).toBe(1)
  })

  it('that is answered by nobody’s peer ends with it', () => {
    const { world } = live()
    patch(world, world.invite())
    world.run(16_000)
    expect(world.takeTold().at(-1)).toBe('viewer of demo never-connected')
    expect(world.sizes).toEqual(withPublisher)
  })

  it.each(['end', 'expire'] as const)('goes with its client (%s)', (how) => {
    const { world } = live()
    const { id } = world.invite()
    world.sessions.get(id)![how]!()
    expect(world.sizes).toEqual(withPublisher)
    expect(world.sessions.unanswered(id)).toBe(false)
    world.run(31_000)
    expect(world.sizes).toEqual(withPublisher)
  })

  it('goes with its stream, and stays when only the publisher goes', () => {
    const { world, publisher } = live()
    const [one, other] = [world.invite(), world.invite()]
    world.sessions.get(publisher.id)!.end()
    patch(world, one)
    expect(world.connect(one).remote.dtls.state).toBe('connected')
    for (const stream of world.streams.expire(world.now + 1001, 1000)) {
      world.viewers.endStream(stream)
    }
    expect(world.sessions.get(other.id)).toBeUndefined()
    world.run(100)
    expect(world.sizes).toEqual(nothing)
  })
})

describe('offers of ours are bounded (WHEP-32)', () => {
  it('by address, until they are answered and connected, or over', () => {
    const { world } = live({ maxViewers: 1000 })
    const clients = Array.from({ length: 200 }, () => world.invite())
    expect(() => world.invite()).toThrow(code('rate-limited'))
    expect(() => world.watch({ offer: withoutH264 })).toThrow(code('rate-limited'))
    expect(() => world.invite({ address: '192.0.2.10' })).not.toThrow()
    patch(world, clients[0]!)
    expect(() => world.invite()).toThrow(code('rate-limited'))
    world.connect(clients[0]!)
    expect(() => world.invite()).not.toThrow()
    world.run(31_000)
    expect(() => world.invite()).not.toThrow()
  })

  it('by the room there is for viewers', () => {
    const { world } = live({ maxViewers: 1 })
    const client = world.invite()
    expect(() => world.watch()).toThrow(code('full'))
    patch(world, client)
    expect(() => world.invite()).toThrow(code('full'))
    world.sessions.get(client.id)?.end()
    expect(() => world.invite()).not.toThrow()
  })

  it('and there are none of a stream that nobody publishes', () => {
    const world = new SessionWorld()
    expect(() => world.invite()).toThrow(code('stream-not-live'))
    expect(() => world.watch({ offer: withoutH264 })).toThrow(code('stream-not-live'))
    expect(world.sizes).toEqual(nothing)
  })
})
