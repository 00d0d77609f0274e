import { describe, expect, it } from 'vitest'
import { PeerWorld } from '#test/support/peer-world.ts'
import { remotePath } from '#test/support/remote-peer.ts'
import { parseFragment } from '#webrtc/sdp/fragment.ts'
import { PeerRig } from './peer-rig.ts'

const there = { ...remotePath, remoteAddress: '198.51.100.8' }

const fragment = (ufrag: string, password = `${ufrag}-password-of-22-or-more`) =>
  `a=ice-ufrag:${ufrag}\r\na=ice-pwd:${password}\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n`

/** Restarts; the remote peer knows the answer from then on. */
function restart(rig: PeerRig, ufrag = 'new1') {
  const answer = rig.world.peers.patch(rig.peer, fragment(ufrag))!
  const { ufrag: ours, password } = parseFragment(answer.fragment)
  rig.remote.ours = { ufrag: ours!, password: password! }
  return answer
}

const refusal = (code: string) => expect.objectContaining({ code })

describe('a fragment with new credentials (RFC 9725 §4.3.3)', () => {
  it('is answered by what our answer said, with new credentials and a new tag (WHIP-84..87)', () => {
    const rig = new PeerRig().connect()
    const before = rig.peer.etag
    const { fragment: text, etag } = restart(rig)
    const { localUfrag, localPassword } = rig.peer.ice
    expect(text.split('\r\n')).toEqual([
      'a=group:BUNDLE 0 1',
      'a=ice-lite',
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
      'a=mid:0',
      `a=ice-ufrag:${localUfrag}`,
      `a=ice-pwd:${localPassword}`,
      'a=candidate:1 1 udp 2130706431 203.0.113.5 8189 typ host',
      'a=end-of-candidates',
      '',
    ])
    expect(etag).toBe(`"${localUfrag}"`)
    expect([rig.peer.etag, rig.peer.restarted]).toEqual([etag, true])
    expect(etag).not.toBe(before)
  })

  it('moves media to the new path, with the same keys and no handshake (WHIP-92, WHIP-93)', () => {
    const rig = new PeerRig().connect()
    rig.world.plane.take()
    restart(rig)
    rig.remote.path = there
    rig.remote.nominating = false
    rig.remote.check()
    rig.world.run(100)
    expect(rig.world.plane.take()).toEqual([])
    rig.remote.nominating = true
    rig.remote.check()
    rig.world.run(100)
    expect(rig.world.plane.take()).toEqual([{ kind: 'movePeer', peer: rig.peer.id, path: there }])
    rig.world.run(60_000)
    expect(rig.events).toEqual(['reachable', 'secured'])
  })

  it('is found by both ufrags until then, and by the new one only afterwards', () => {
    const rig = new PeerRig().connect()
    const old = rig.remote.ours
    restart(rig)
    const young = rig.remote.ours
    const answered = (ours: typeof old) => {
      rig.statuses()
      rig.remote.ours = ours
      rig.remote.check()
      rig.world.run(50)
      return rig.statuses()
    }
    rig.remote.nominating = false
    rig.remote.checking = false
    expect([answered(old), answered(young)]).toEqual([[200], [200]])
    rig.remote.nominating = true
    expect([answered(young), answered(old)]).toEqual([[200], []])
  })

  it('keeps the session when the peer never comes back with it, till consent expires', () => {
    const rig = new PeerRig().connect()
    const last = rig.peer.ice.nextTimeout
    const old = rig.remote.ours
    restart(rig)
    rig.remote.ours = old
    rig.world.run(9000)
    expect(rig.statuses().every((status) => status === 200)).toBe(true)
    expect(rig.peer.ice.nextTimeout).toBeGreaterThan(last)
    // Then its old credentials have retired.
    rig.world.run(40_000)
    expect(rig.events).toEqual(['reachable', 'secured', 'ended: consent-expired'])
  })

  it('ends as ever: 403 to both generations, for 30 s, then nothing is left', () => {
    const world = new PeerWorld()
    const rig = new PeerRig({}, world).connect()
    const old = rig.remote.ours
    restart(rig)
    rig.statuses()
    rig.remote.checking = false
    rig.peer.close('deleted', world.now)
    for (const ours of [old, rig.remote.ours]) {
      rig.remote.ours = ours
      rig.remote.check()
    }
    world.run(100)
    expect(rig.statuses()).toEqual([403, 403])
    world.run(32_000)
    rig.remote.check()
    world.run(100)
    expect(rig.statuses()).toEqual([])
  })
})

describe('a fragment that restarts nothing', () => {
  it('is one with the present credentials, or none', () => {
    const { world, peer } = new PeerRig()
    for (const same of [fragment('theirs', 'theirs-password-of-22-or-more'), 'a=mid:0\r\n']) {
      expect(world.peers.patch(peer, same)).toBeUndefined()
    }
    expect(peer.restarted).toBe(false)
  })

  it.each`
    code                     | what                        | text
    ${'malformed-sdp'}       | ${'that cannot be read'}    | ${'a=ice-ufrag\u0000'}
    ${'malformed-sdp'}       | ${'with a new ufrag only'}  | ${fragment('new2', 'new1-password-of-22-or-more')}
    ${'malformed-sdp'}       | ${'with a new password'}    | ${fragment('new1', 'another-password-of-22-or-more')}
    ${'precondition-failed'} | ${'of an older generation'} | ${fragment('theirs', 'theirs-password-of-22-or-more')}
    ${'rate-limited'}        | ${'too soon after another'} | ${fragment('new2')}
  `('is refused as $code and changes nothing: one $what', ({ code, text }) => {
    const rig = new PeerRig().connect()
    const { etag } = restart(rig)
    expect(() => rig.world.peers.patch(rig.peer, text)).toThrow(refusal(code))
    expect(rig.peer.etag).toBe(etag)
    rig.remote.check()
    rig.world.run(100)
    expect(rig.statuses().at(-1)).toBe(200)
  })

  it('is taken as the next restart a second later', () => {
    const rig = new PeerRig().connect()
    restart(rig)
    rig.world.run(1000)
    expect(restart(rig, 'new2').etag).toBe(rig.peer.etag)
  })

  it('is one to a peer that has ended', () => {
    const { world, peer } = new PeerRig()
    peer.close('deleted', world.now)
    expect(world.peers.patch(peer, fragment('new1'))).toBeUndefined()
  })
})

describe('restarts without end', () => {
  it('leave no more than two generations behind the port', () => {
    const rig = new PeerRig().connect()
    rig.remote.checking = false
    const seen = Array.from({ length: 20 }, (_, i) => {
      restart(rig, `gen${i}`)
      rig.world.run(1000)
      return rig.remote.ours
    })
    rig.remote.nominating = false
    rig.statuses()
    for (const ours of seen) {
      rig.remote.ours = ours
      rig.remote.check()
    }
    rig.world.run(100)
    expect(rig.statuses()).toEqual([200])
  })
})
