import { describe, expect, it } from 'vitest'
import { remotePath, strangerCertificate } from '#test/support/remote-peer.ts'
import { contentType, readRecords } from '#webrtc/dtls/records.ts'
import { PeerRig } from './peer-rig.ts'

const there = { ...remotePath, remotePort: 50_000 }
const isDtls = (datagram: Buffer) => datagram[0]! >= 20
/** The last flight of our handshake as client begins with the certificate in the clear. */
const holds = (datagram: Buffer, type: number) =>
  isDtls(datagram) && [...readRecords(datagram)].some((record) => record.type === type)

describe('a peer on a path of 20 ms (DESIGN §5)', () => {
  it('is reachable with the first check, and secured a round trip after it', () => {
    const rig = new PeerRig().connect()
    expect(rig.told).toEqual([
      ['reachable', 20],
      ['secured', 60],
    ])
    expect(rig.world.plane.take()).toEqual([
      { kind: 'addPeer', peer: rig.peer.id, path: remotePath },
    ])
  })

  it('may be sent media before it has our Finished: that takes the same 20 ms', () => {
    const rig = new PeerRig()
    rig.world.runUntil(() => rig.peer.secured)
    expect([rig.world.now, rig.remote.dtls.state]).toEqual([60, 'connecting'])
    rig.world.runUntil(() => rig.remote.dtls.state === 'connected')
    expect(rig.world.now).toBe(80)
    const keys = rig.world.plane.peers.get(rig.peer.id)!
    expect(rig.remote.dtls.keys).toEqual({
      profile: 7,
      local: keys.remote,
      remote: keys.local,
    })
  })

  it('takes a round trip more as DTLS server, for those who offer active', () => {
    const rig = new PeerRig({ role: 'client' }).connect()
    expect(rig.told).toEqual([
      ['reachable', 20],
      ['secured', 100],
    ])
  })

  it('is answered before it is nominated: Chromium nominates late', () => {
    const rig = new PeerRig()
    rig.remote.nominating = false
    rig.connect()
    expect(rig.events).toEqual(['reachable', 'secured'])
    expect(rig.peer.ice.nominated).toBe(false)
  })
})

describe('media sent early (DESIGN §6.9)', () => {
  it('is lost when our last flight was, and that is told once', () => {
    const rig = new PeerRig()
    let lost = 0
    rig.world.loses = (way, datagram) => {
      const isLast = way === 'out' && holds(datagram, contentType.changeCipherSpec)
      return isLast && ++lost === 1
    }
    rig.connect().world.run(1000)
    expect(rig.events).toEqual(['reachable', 'secured', 'early media lost'])
    expect(rig.told[2]![1]).toBeGreaterThan(rig.told[1]![1] + 40)
  })

  it('is not lost when an earlier flight was', () => {
    const rig = new PeerRig()
    let lost = 0
    rig.world.loses = (way, datagram) => way === 'in' && isDtls(datagram) && ++lost === 1
    rig.connect().world.run(1000)
    expect(rig.events).toEqual(['reachable', 'secured'])
  })

  it('is not lost for being long on the way', () => {
    const rig = new PeerRig()
    rig.world.delay = 200
    rig.connect().world.run(1000)
    expect(rig.events).toEqual(['reachable', 'secured'])
  })
})

describe('a handshake that fails', () => {
  it('for a certificate that was not announced ends the peer before any media', () => {
    const rig = new PeerRig({ certificate: strangerCertificate })
    rig.world.run(1000)
    expect(rig.events).toEqual(['reachable', 'ended: handshake-failed'])
    expect(rig.world.plane.take()).toEqual([{ kind: 'removePeer', peer: rig.peer.id }])
    expect(rig.peer.handshakeFailure).toBeDefined()
    expect(rig.world.peers.size).toBe(0)
  })

  it('for silence ends the peer after 12 s', () => {
    const rig = new PeerRig()
    rig.world.loses = (_way, datagram) => isDtls(datagram)
    rig.world.run(20_000)
    expect(rig.told).toEqual([
      ['reachable', 20],
      ['ended: handshake-failed', 12_020],
    ])
    expect(rig.peer.handshakeFailure).toBe('timeout')
  })
})

describe('a path that nothing has proved', () => {
  it('is not listened to before the first check', () => {
    const rig = new PeerRig()
    rig.remote.checking = false
    rig.remote.dtls.start(0)
    rig.remote.send(Buffer.from('16fefd000000000000000000010e', 'hex'))
    rig.world.run(1000)
    expect([rig.events, rig.world.plane.take()]).toEqual([[], []])
  })

  it('is not listened to beside a proved one: a goodbye from there ends nothing', () => {
    const rig = new PeerRig().connect()
    rig.remote.checking = false
    rig.remote.dtls.close(rig.world.now)
    rig.remote.path = there
    rig.world.run(1000)
    expect(rig.events).toEqual(['reachable', 'secured'])
  })

  it('is not proved by a check with another password, which gets no answer', () => {
    const rig = new PeerRig()
    rig.remote.checking = false
    rig.remote.check('a'.repeat(24))
    rig.world.run(1000)
    expect([rig.events, rig.remote.answers]).toEqual([[], []])
  })

  it('gets nothing but the answer to its check until it is nominated', () => {
    const rig = new PeerRig().connect()
    rig.remote.nominating = false
    rig.remote.path = there
    rig.remote.check()
    rig.world.run(1000)
    expect(rig.statuses()).toEqual([200, 200])
    expect(rig.world.plane.take().map(({ kind }) => kind)).toEqual(['addPeer'])
  })
})

describe('a peer that moves (ICE-57)', () => {
  it('is followed by the plane when it nominates its new path', () => {
    const rig = new PeerRig().connect()
    rig.world.plane.take()
    rig.remote.priority = 2000
    rig.remote.path = there
    rig.remote.check()
    rig.world.run(100)
    expect(rig.world.plane.take()).toEqual([{ kind: 'movePeer', peer: rig.peer.id, path: there }])
    rig.remote.check()
    rig.world.run(100)
    expect(rig.world.plane.take()).toEqual([])
    expect(rig.events).toEqual(['reachable', 'secured'])
  })

  it('before it is secured goes on with its handshake on the new path', () => {
    const rig = new PeerRig()
    rig.world.runUntil(() => rig.events.includes('reachable'))
    rig.remote.path = there
    rig.remote.check()
    rig.connect()
    expect(rig.world.plane.take()).toEqual([{ kind: 'addPeer', peer: rig.peer.id, path: there }])
  })
})
