import { describe, expect, it } from 'vitest'
import { PeerWorld } from '#test/support/peer-world.ts'
import { remotePath } from '#test/support/remote-peer.ts'
import { PeerRig } from './peer-rig.ts'

const path = (remotePort: number) => ({ ...remotePath, remotePort })

describe('whose a STUN or DTLS datagram is (DESIGN §5)', () => {
  it('is told by ufrag and path, for many behind one address', () => {
    const world = new PeerWorld()
    const rigs = Array.from({ length: 20 }, (_, i) => new PeerRig({ path: path(1000 + i) }, world))
    world.run(1000)
    expect(rigs.map(({ events }) => events)).toEqual(rigs.map(() => ['reachable', 'secured']))
    expect(world.peers.size).toBe(20)
  })

  it('is the newest peer’s on a path that was another’s (ICE-63)', () => {
    const old = new PeerRig().connect()
    old.remote.checking = false
    const young = new PeerRig({}, old.world).connect()
    expect(young.events).toEqual(['reachable', 'secured'])
    young.remote.dtls.close(old.world.now)
    old.world.run(100)
    expect(young.events.at(-1)).toBe('ended: closed-by-peer')
    expect(old.events).toEqual(['reachable', 'secured'])
  })

  it('is still the peer’s when checks have come on more paths than are remembered', () => {
    const rig = new PeerRig().connect()
    rig.remote.checking = false
    rig.remote.nominating = false
    for (let i = 0; i < 20; i++) {
      rig.remote.path = path(1000 + i)
      rig.remote.check()
      rig.world.run(50)
    }
    rig.remote.path = remotePath
    rig.remote.dtls.close(rig.world.now)
    rig.world.run(100)
    expect(rig.events.at(-1)).toBe('ended: closed-by-peer')
  })

  it('is nobody’s for bytes that are neither', () => {
    const world = new PeerWorld()
    for (const bytes of ['00', '0001', '16fefd', '00010000'.padEnd(40, '0'), 'ff', '40404040']) {
      expect(() => world.peers.receive(Buffer.from(bytes, 'hex'), remotePath)).not.toThrow()
    }
    expect(world.plane.control).toEqual([])
  })

  it('is nobody’s when a link-local address with a zone sends it, but is answered', () => {
    const zoned = {
      transport: 'udp',
      family: 6,
      remoteAddress: 'fe80::1%eth0',
      remotePort: 4000,
      localAddress: '2001:db8::5',
    } as const
    const rig = new PeerRig({ path: zoned }).connect()
    expect(rig.events).toEqual(['reachable', 'secured'])
  })
})

describe('peers that are gone', () => {
  it('leave nothing behind, however they went: 1000 of them', () => {
    const world = new PeerWorld()
    for (let i = 0; i < 1000; i++) {
      const rig = new PeerRig({ path: path(1000 + i) }, world)
      rig.remote.checking = false
      if (i % 2) rig.peer.close('deleted', world.now)
      world.remotes.length = 0
    }
    expect(world.peers.size).toBe(500)
    world.run(20_000)
    expect([world.peers.size, world.scheduler.machines.size]).toEqual([0, 1])
    expect(world.plane.peers.size).toBe(0)
  })

  it('go all at once when the node stops', () => {
    const world = new PeerWorld()
    const rigs = [1, 2, 3].map((port) => new PeerRig({ path: path(port) }, world).connect())
    world.peers.closeAll('shutdown')
    world.run(100)
    expect(rigs.map(({ events }) => events.at(-1))).toEqual(rigs.map(() => 'ended: shutdown'))
    expect(rigs.map(({ remote }) => remote.dtls.peerClosed)).toEqual([true, true, true])
    expect(world.peers.size).toBe(0)
  })
})
