import { expect } from 'vitest'
import { RtpPacket } from '#rtp/packet.ts'
import { writeReceiverReport } from '#rtp/rtcp/reports.ts'
import { labelled, labelOf } from '#test/support/stored-packets.ts'
import { onEveryPlane } from './on-every-plane.ts'
import type { PlaneRig } from './plane-rig.ts'
import type { SecuredPeer } from './secured-peer.ts'
import { until } from './until.ts'

/** Sends what `by` protects from the address of another peer. */
function send(rig: PlaneRig, from: SecuredPeer, by: SecuredPeer, index: number): void {
  from.send(by.protect(labelled(`p${index}`, { sequenceNumber: index }, 100)), rig.port)
}

async function announced(rig: PlaneRig, count: number): Promise<string[]> {
  await until(() => rig.announced.length >= count)
  return rig.announced.map(({ peer, packet }) => {
    return `${labelOf(RtpPacket.parse(packet)!.payload)} of ${peer}`
  })
}

onEveryPlane('a peer that moves', (it) => {
  it('is heard and answered on its new path, with the same contexts', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    rig.follow(viewer, log)
    log.arriveAll(1, 4)
    await viewer.has(4)
    // Another socket of the same viewer: what it is sent continues under the same keys.
    const there = await rig.stranger()
    rig.plane.movePeer(viewer.id, there.path)
    log.arriveAll(5, 6)
    rig.plane.sendRtcp(viewer.id, writeReceiverReport(7, []))
    await until(() => there.from.size > 0 && there.faults.length >= 3)
    send(rig, there, viewer.peer, 10)
    expect(await announced(rig, 1)).toEqual([`p10 of ${viewer.id}`])
    expect(viewer.received).toHaveLength(4)
    there.faults.splice(0)
  })

  it('is no longer heard on the path it left', async (rig) => {
    const { id, peer } = await rig.peer()
    const there = await rig.stranger()
    send(rig, peer, peer, 10)
    await announced(rig, 1)
    rig.plane.movePeer(id, there.path)
    send(rig, there, peer, 11)
    expect(await announced(rig, 2)).toEqual([`p10 of ${id}`, `p11 of ${id}`])
    send(rig, peer, peer, 12)
    await until(() => rig.plane.statistics.dropped['unknown-peer'] === 1)
    expect(rig.announced).toHaveLength(2)
  })
})

onEveryPlane(
  'a path that several peers have proved',
  (it) => {
    it('is that of whose keys fit: a forged check takes nobody’s media', async (rig) => {
      const victim = await rig.peer()
      send(rig, victim.peer, victim.peer, 1)
      await announced(rig, 1)
      for (let i = 0; i < 10; i++) {
        const attacker = await rig.peer()
        rig.plane.movePeer(attacker.id, victim.peer.path)
      }
      send(rig, victim.peer, victim.peer, 2)
      victim.peer.send(victim.peer.protectRtcp(writeReceiverReport(7, [])), rig.port)
      expect((await announced(rig, 2))[1]).toBe(`p2 of ${victim.id}`)
      await until(() => rig.compounds.length === 1)
      expect(rig.compounds[0]!.peer).toBe(victim.id)
    })

    it('serves all that are alive, however they take turns', async (rig) => {
      const [first, second] = [await rig.peer(), await rig.peer()]
      rig.plane.movePeer(second.id, first.peer.path)
      for (const [i, { peer }] of [first, second, second, first, second].entries()) {
        send(rig, first.peer, peer, i)
      }
      const ids = [first, second, second, first, second].map(({ id }, i) => `p${i} of ${id}`)
      expect(await announced(rig, 5)).toEqual(ids)
    })

    it('is the new peer’s, where a NAT reuses a port, also once the old one is gone', async (rig) => {
      const [old, young] = [await rig.peer(), await rig.stranger()]
      send(rig, old.peer, old.peer, 1)
      await announced(rig, 1)
      const id = rig.nextPeer()
      rig.plane.addPeer(id, young.keys, old.peer.path)
      send(rig, old.peer, young, 2)
      await announced(rig, 2)
      rig.plane.removePeer(old.id)
      send(rig, old.peer, young, 3)
      expect(await announced(rig, 3)).toEqual([`p1 of ${old.id}`, `p2 of ${id}`, `p3 of ${id}`])
    })

    it('tells two peers apart by our address, where theirs is one', async (rig) => {
      const { id, peer } = await rig.peer()
      const other = await rig.stranger()
      const there = rig.nextPeer()
      rig.plane.addPeer(there, other.keys, { ...peer.path, localAddress: '127.0.0.2' })
      send(rig, peer, peer, 1)
      peer.send(other.protect(labelled('p2', {}, 100)), rig.port, '127.0.0.2')
      expect(await announced(rig, 2)).toEqual([`p1 of ${id}`, `p2 of ${there}`])
      peer.send(other.protect(labelled('p3', { sequenceNumber: 3 }, 100)), rig.port)
      await until(() => rig.plane.statistics.dropped.authentication === 1)
    })

    it('sends to each of them under its own keys', async (rig) => {
      const [first, second] = [await rig.viewer(), await rig.viewer()]
      const log = rig.log('a')
      rig.plane.movePeer(second.id, first.peer.path)
      rig.follow(first, log)
      rig.follow(second, log)
      log.arriveAll(1, 2)
      // The first one's socket gets both streams, and can open one of them.
      await until(() => first.peer.faults.length === 2 && first.received.length === 2)
      expect(first.media).toEqual([
        [0, 'a1'],
        [1, 'a2'],
      ])
      first.peer.faults.splice(0)
    })
  },
  { addresses: ['127.0.0.1', '127.0.0.2'] },
)
