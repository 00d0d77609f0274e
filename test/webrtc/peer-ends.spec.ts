import { describe, expect, it } from 'vitest'
import type { PeerEnd } from '#webrtc/peer.ts'
import { PeerRig } from './peer-rig.ts'

const ends: readonly PeerEnd[] = ['deleted', 'replaced', 'stream-ended', 'shutdown']

describe('a peer that we end', () => {
  it.each(ends)('as "%s" is told by a close_notify, and leaves the plane', (end) => {
    const rig = new PeerRig().connect()
    rig.world.plane.take()
    rig.peer.close(end, rig.world.now)
    rig.peer.close('shutdown', rig.world.now)
    expect(rig.events.slice(2)).toEqual([`ended: ${end}`])
    expect(rig.world.plane.take()).toEqual([{ kind: 'removePeer', peer: rig.peer.id }])
    rig.world.run(100)
    expect([rig.remote.dtls.peerClosed, rig.remote.dtls.state]).toEqual([true, 'closed'])
  })

  it('has its checks answered with 403 for 30 s, as the goodbye may be lost (ICE-70)', () => {
    const rig = new PeerRig().connect()
    rig.statuses()
    rig.world.loses = (way, datagram) => way === 'out' && datagram[0]! >= 20
    rig.peer.close('deleted', rig.world.now)
    rig.world.run(27_500)
    const during = rig.statuses()
    expect(during.length).toBeGreaterThanOrEqual(10)
    expect(new Set(during)).toEqual(new Set([403]))
    rig.world.run(5000)
    rig.statuses()
    rig.world.run(30_000)
    expect(rig.statuses()).toEqual([])
    expect(rig.remote.dtls.state).toBe('connected')
  })

  it('is kept silent about where a goodbye would hang the program (IO-43)', () => {
    const rig = new PeerRig({ farewell: () => false }).connect()
    rig.statuses()
    rig.peer.close('deleted', rig.world.now)
    rig.world.run(30_000)
    expect([rig.remote.dtls.peerClosed, rig.statuses()]).toEqual([false, []])
    expect(rig.events).toEqual(['reachable', 'secured', 'ended: deleted'])
  })

  it('may be told one end and not another', () => {
    const farewell = (end: PeerEnd) => end !== 'replaced'
    const [silent, told] = [
      new PeerRig({ farewell }).connect(),
      new PeerRig({ farewell }).connect(),
    ]
    silent.peer.close('replaced', silent.world.now)
    told.peer.close('deleted', told.world.now)
    for (const { world } of [silent, told]) world.run(100)
    expect([silent.remote.dtls.peerClosed, told.remote.dtls.peerClosed]).toEqual([false, true])
  })

  it('is not heard any more: neither its handshake nor its goodbye', () => {
    const rig = new PeerRig()
    rig.world.runUntil(() => rig.events.includes('reachable'))
    rig.peer.close('deleted', rig.world.now)
    rig.world.run(20_000)
    expect(rig.events).toEqual(['reachable', 'ended: deleted'])
    expect(rig.world.plane.take()).toEqual([{ kind: 'removePeer', peer: rig.peer.id }])
  })
})

describe('a peer that ends by itself', () => {
  it('by a close_notify is gone at once', () => {
    const rig = new PeerRig().connect()
    rig.world.plane.take()
    rig.remote.dtls.close(rig.world.now)
    rig.world.run(100)
    expect(rig.events.slice(2)).toEqual(['ended: closed-by-peer'])
    expect(rig.world.plane.take()).toEqual([{ kind: 'removePeer', peer: rig.peer.id }])
  })

  it('by never coming is gone after 15 s (IO-3)', () => {
    const rig = new PeerRig()
    rig.remote.checking = false
    rig.world.run(30_000)
    expect(rig.told).toEqual([['ended: never-connected', 15_000]])
  })

  it('by silence is gone 30 s after its last check (RFC 7675 §5.1)', () => {
    const rig = new PeerRig().connect()
    rig.remote.checking = false
    const last = rig.peer.ice.nextTimeout - 30_000
    rig.world.run(60_000)
    expect(rig.told[2]).toEqual(['ended: consent-expired', last + 30_000])
  })

  it('does not end while its checks come', () => {
    const rig = new PeerRig().connect()
    rig.world.run(600_000)
    expect(rig.events).toEqual(['reachable', 'secured'])
  })

  it('nor while its media does (WHIP-36)', () => {
    const rig = new PeerRig().connect()
    rig.remote.checking = false
    for (let i = 0; i < 60; i++) {
      rig.world.run(1000)
      rig.peer.ice.heard(rig.world.now)
    }
    expect(rig.events).toEqual(['reachable', 'secured'])
  })
})
