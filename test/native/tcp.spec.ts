import { expect } from 'vitest'
import { framed } from '#native/twin/tcp-frames.ts'
import { writeReceiverReport } from '#rtp/rtcp/reports.ts'
import { hex } from '#test/support/bytes.ts'
import { labelled } from '#test/support/stored-packets.ts'
import { onEveryPlane } from './on-every-plane.ts'
import { withRtx } from './received.ts'
import { until } from './until.ts'
import { Viewer } from './viewer.ts'

const stun = hex('000100002112a442000000000000000000000000')
const dtls = hex('16fefd0000000000000000000100')

onEveryPlane('frames over TCP (RFC 4571, RFC 6544 §10)', (it) => {
  it('hold what datagrams would, and come with their path', async (rig) => {
    const peer = await rig.admitted()
    peer.send(dtls)
    await until(() => rig.controls.length === 2)
    expect(rig.controls.map(({ path }) => path)).toEqual([peer.path, peer.path])
    expect(rig.controls[1]!.datagram).toEqual(dtls)
    rig.plane.sendControl(dtls, peer.path)
    await until(() => peer.control.length === 2)
    expect(peer.control[1]!.datagram).toEqual(dtls)
  })

  it('may be cut anywhere, and many may come at once', async (rig) => {
    const peer = await rig.admitted()
    const [one, other] = [framed(stun), framed(dtls)]
    const both = Buffer.concat([one, other])
    for (let at = 1; at < both.length; at++) {
      const before = rig.controls.length
      peer.write(both.subarray(0, at))
      // So that the two parts are two segments: the plane answers whole frames only.
      if (at >= one.length) await until(() => rig.controls.length === before + 1)
      else await new Promise((resolve) => setImmediate(resolve))
      peer.write(both.subarray(at))
      await until(() => rig.controls.length === before + 2)
    }
    const many = Array.from({ length: 200 }, () => both)
    const before = rig.controls.length
    peer.write(Buffer.concat(many))
    await until(() => rig.controls.length === before + 400)
    const told = rig.controls.slice(1).map(({ datagram }) => datagram.toString('hex'))
    expect(told).toEqual(
      Array.from({ length: told.length }, (_, i) => (i % 2 ? dtls : stun).toString('hex')),
    )
  })

  it('that are empty are nothing', async (rig) => {
    const peer = await rig.admitted()
    peer.write(Buffer.concat([hex('0000'), hex('0000'), framed(dtls), hex('0000'), framed(stun)]))
    await until(() => rig.controls.length === 3)
    expect(rig.controls.slice(1).map(({ datagram }) => datagram)).toEqual([dtls, stun])
  })

  it('that are longer than any datagram end the connection', async (rig) => {
    const peer = await rig.admitted()
    peer.write(Buffer.concat([framed(dtls), hex('0801')]))
    await until(() => peer.ended)
    expect(rig.controls).toHaveLength(2)
  })

  for (const [what, bytes] of [
    ['DTLS', framed(dtls)],
    ['media', framed(Buffer.alloc(100, 0x80))],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a TLS hello', hex('160301020001fc0303')],
  ] as const) {
    it(`begin with STUN: ${what} ends the connection`, async (rig) => {
      const peer = await rig.connected()
      peer.write(Buffer.concat([bytes, Buffer.alloc(6000)]))
      await until(() => peer.ended)
      expect(rig.controls).toEqual([])
    })
  }

  it('of media are for those whose check was answered', async (rig) => {
    const peer = await rig.connected()
    peer.send(stun)
    await until(() => rig.controls.length === 1)
    peer.send(Buffer.alloc(100, 0x80))
    await until(() => peer.ended)
  })
})

onEveryPlane('media over TCP', (it) => {
  it('comes from a peer, decrypted, and its RTCP, both ways', async (rig) => {
    const peer = await rig.admitted()
    const id = rig.nextPeer()
    rig.plane.addPeer(id, peer.keys, peer.path)
    const packet = labelled('over TCP', { sequenceNumber: 7 })
    peer.send(peer.protect(packet))
    peer.send(peer.protectRtcp(writeReceiverReport(7, [])))
    await until(() => rig.announced.length === 1 && rig.compounds.length === 1)
    expect(rig.announced[0]).toMatchObject({ peer: id, packet })
    rig.plane.sendRtcp(id, writeReceiverReport(8, []))
    await until(() => peer.compounds.length === 1)
  })

  it('goes to a viewer: live, replayed and repeated', async (rig) => {
    const peer = await rig.admitted()
    const viewer = new Viewer(rig.plane, rig.nextPeer(), peer, withRtx)
    const log = rig.log('a')
    log.arrive(1, 2, 3)
    rig.replay(viewer, log, 1)
    await viewer.has(3)
    log.arrive(4, 5)
    await viewer.has(5)
    viewer.nack(1)
    await viewer.has(6)
    await viewer.settled()
    expect(viewer.labels.slice(0, 5)).toEqual(['a1', 'a2', 'a3', 'a4', 'a5'])
    expect(rig.plane.statistics.sendErrors).toBe(0)
  })

  it('moves to UDP and back with all of its numbers', async (rig) => {
    const peer = await rig.admitted()
    const viewer = new Viewer(rig.plane, rig.nextPeer(), peer, withRtx)
    const other = await rig.stranger({ like: peer })
    const log = rig.log('a')
    rig.follow(viewer, log)
    log.arrive(1)
    await viewer.has(1)
    rig.plane.movePeer(viewer.id, other.path)
    log.arrive(2)
    await viewer.has(2)
    expect(other.media).toHaveLength(1)
    rig.plane.movePeer(viewer.id, peer.path)
    log.arrive(3)
    await viewer.has(3)
    expect(peer.media).toHaveLength(2)
    expect(viewer.media).toEqual([
      [0, 'a1'],
      [1, 'a2'],
      [2, 'a3'],
    ])
  })

  it('goes on when the peer connects anew from the same port', async (rig) => {
    const peer = await rig.admitted()
    const viewer = new Viewer(rig.plane, rig.nextPeer(), peer, withRtx)
    const log = rig.log('a')
    rig.follow(viewer, log)
    log.arrive(1)
    await viewer.has(1)
    peer.close()
    await until(() => {
      const { sendErrors } = rig.plane.statistics
      rig.plane.sendControl(stun, peer.path)
      return rig.plane.statistics.sendErrors > sendErrors
    })
    const again = await rig.admitted({ like: peer, port: peer.path.remotePort })
    expect(again.path).toEqual(peer.path)
    log.arrive(2)
    await viewer.has(2)
    expect(viewer.labels).toEqual(['a1', 'a2'])
  })

  it('to a connection that is gone is lost, and nothing else', async (rig) => {
    const peer = await rig.admitted()
    const gone = new Viewer(rig.plane, rig.nextPeer(), peer, withRtx)
    const viewer = await rig.viewer()
    const log = rig.log('a')
    rig.follow(gone, log)
    rig.follow(viewer, log)
    peer.close()
    await until(() => {
      rig.plane.sendControl(stun, peer.path)
      return rig.plane.statistics.sendErrors > 0
    })
    log.arrive(1, 2, 3)
    await viewer.has(3)
    expect(viewer.labels).toEqual(['a1', 'a2', 'a3'])
  })
})
