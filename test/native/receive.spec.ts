import { expect } from 'vitest'
import { RtpPacket } from '#rtp/packet.ts'
import { hex } from '#test/support/bytes.ts'
import { labelled, labelOf } from '#test/support/stored-packets.ts'
import { onEveryPlane } from './on-every-plane.ts'
import type { PlaneRig } from './plane-rig.ts'
import type { SecuredPeer } from './secured-peer.ts'
import { until } from './until.ts'

const packet = (index: number, size = 500) =>
  labelled(`p${index}`, { sequenceNumber: index & 0xffff, timestamp: index * 3000 }, size)
const announced = (rig: PlaneRig) =>
  rig.announced.map((one) => `${labelOf(RtpPacket.parse(one.packet)!.payload)} of ${one.peer}`)

/** Sends packets one after the other, each when the one before has been announced. */
async function publish(
  rig: PlaneRig,
  peer: SecuredPeer,
  ...indices: readonly number[]
): Promise<void> {
  for (const index of indices) {
    const count = rig.announced.length
    peer.send(peer.protect(packet(index)), rig.port)
    await until(() => rig.announced.length > count)
  }
}

onEveryPlane('media that comes in', (it) => {
  it('is announced decrypted, whose it is and when it came', async (rig) => {
    const [first, second] = [await rig.peer({ profile: 7 }), await rig.peer({ profile: 1 })]
    const before = performance.now()
    await publish(rig, first.peer, 10, 11)
    await publish(rig, second.peer, 10)
    await publish(rig, first.peer, 12)
    const after = performance.now()
    expect(announced(rig)).toEqual([
      `p10 of ${first.id}`,
      `p11 of ${first.id}`,
      `p10 of ${second.id}`,
      `p12 of ${first.id}`,
    ])
    expect(rig.announced[0]!.packet).toEqual(packet(10))
    const times = rig.announced.map(({ arrivedAt }) => arrivedAt)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(times[0]).toBeGreaterThanOrEqual(before)
    expect(times.at(-1)).toBeLessThanOrEqual(after)
    expect(rig.plane.statistics.received).toEqual({ packets: 4, bytes: 2000 })
  })

  it('is all there, in order, when much of it comes at once', async (rig) => {
    const { id, peer } = await rig.peer()
    for (let index = 0; index < 400; index++) peer.send(peer.protect(packet(index, 200)), rig.port)
    await until(() => rig.announced.length >= 400)
    expect(announced(rig)).toEqual(Array.from({ length: 400 }, (_, i) => `p${i} of ${id}`))
  })

  it('goes on over the wraps of its numbers, and what comes late has its own', async (rig) => {
    const peers = [await rig.peer({ profile: 1 }), await rig.peer({ profile: 7 })]
    const indices = [0xfffe, 0x10001, 0xffff, 0x10000, 0x17000, 0x1e000, 0x20000, 0x1ffff]
    for (const { id, peer } of peers) {
      for (const index of indices) peer.send(peer.protect(packet(index), index), rig.port)
      await until(() => rig.announced.length === indices.length)
      expect(announced(rig)).toEqual(indices.map((index) => `p${index} of ${id}`))
      rig.announced.splice(0)
    }
  })

  it('keeps its CSRCs and extensions, and may be a header only', async (rig) => {
    const { peer } = await rig.peer()
    const packets = [
      'b2e00005000000640000beef0000000100000002bede000130aa000068690001',
      '80600006000000640000beef',
    ]
    for (const bytes of packets) peer.send(peer.protect(hex(bytes)), rig.port)
    await until(() => rig.announced.length === 2)
    expect(rig.announced.map((one) => one.packet.toString('hex'))).toEqual(packets)
  })

  it('goes from a publisher to viewers as soon as it is stored and delivered', async (rig) => {
    const { peer } = await rig.peer()
    const viewer = await rig.viewer()
    const log = rig.log('a')
    rig.follow(viewer, log)
    rig.onMedia = (_peer, { slab, offsets, lengths, count }) => {
      for (let i = 0; i < count; i++) {
        const index = slab.bytes.readUInt16BE(offsets[i]! + 2)
        log.packets.append(index, slab, offsets[i]!, lengths[i]!, 0)
        rig.plane.deliver(log.id, Float64Array.of(index), 1)
      }
    }
    for (let index = 0; index < 200; index++) peer.send(peer.protect(packet(index)), rig.port)
    await viewer.has(200)
    expect(viewer.media).toEqual(Array.from({ length: 200 }, (_, i) => [i, `p${i}`]))
  })
})

onEveryPlane('what is no media of a peer is dropped and counted', (it) => {
  for (const profile of [1, 7] as const) {
    it(`as what it is, with profile ${profile}`, async (rig) => {
      const { id, peer } = await rig.peer({ profile })
      const stranger = await rig.stranger()
      const good = peer.protect(packet(10))
      const forged = [20, good.length - 1, 9].map((at) => {
        const datagram = Buffer.from(good)
        datagram[at]! ^= 1
        return datagram
      })
      for (const datagram of [...forged, good, good, Buffer.from(good), good.subarray(0, 200)]) {
        peer.send(datagram, rig.port)
      }
      peer.send(hex('8060000a0000000000000001 00112233'), rig.port)
      // More CSRCs, and a longer extension, than there are bytes.
      peer.send(hex('8f60000a0000000000000001 00112233445566778899aabbccddeeff0011'), rig.port)
      peer.send(hex('9060000a0000000000000001 bedeffff8899aabbccddeeff00112233445566'), rig.port)
      peer.send(hex('4800000000000000000000000000000000'), rig.port)
      peer.send(Buffer.alloc(0), rig.port)
      peer.send(Buffer.of(0x80), rig.port)
      peer.send(Buffer.alloc(1501, 0x80), rig.port)
      stranger.send(good, rig.port)
      await publish(rig, peer, 11)
      await until(() => rig.plane.statistics.dropped['unknown-peer'] === 1)
      await until(() => rig.announced.length === 2)
      expect(announced(rig)).toEqual([`p10 of ${id}`, `p11 of ${id}`])
      expect(rig.plane.statistics.dropped).toEqual({
        'unknown-range': 3,
        'unknown-peer': 1,
        'too-short': 3,
        'too-long': 1,
        authentication: 3,
        replayed: 3,
        'unknown-ufrag': 0,
        'bad-integrity': 0,
        'unknown-path': 0,
        'too-often': 0,
      })
      expect(rig.plane.statistics.datagramsReceived).toBe(16)
    })
  }

  it('also when it is older than the window of a thousand', async (rig) => {
    const { id, peer } = await rig.peer()
    const [old, oldest, young] = [1001, 1000, 2024].map((index) => peer.protect(packet(index)))
    for (const datagram of [young!, oldest!, old!]) peer.send(datagram, rig.port)
    await until(() => rig.announced.length === 2)
    expect(announced(rig)).toEqual([`p2024 of ${id}`, `p1001 of ${id}`])
    expect(rig.plane.statistics.dropped.replayed).toBe(1)
  })

  it('a stream more than a peer may have, which then costs the others nothing', async (rig) => {
    const { peer } = await rig.peer()
    for (let ssrc = 1; ssrc <= 40; ssrc++) {
      peer.send(peer.protect(labelled(`s${ssrc}`, { ssrc }, 100)), rig.port)
    }
    await until(() => rig.plane.statistics.dropped.authentication === 8)
    peer.send(peer.protect(labelled('again', { ssrc: 1, sequenceNumber: 1 }, 100)), rig.port)
    await until(() => rig.announced.length === 33)
    expect(announced(rig).at(-1)).toMatch(/^again of/)
  })

  it('what comes after its peer was removed', async (rig) => {
    const { id, peer } = await rig.peer()
    await publish(rig, peer, 10)
    rig.plane.removePeer(id)
    await until(() => {
      peer.send(peer.protect(packet(11)), rig.port)
      return rig.plane.statistics.dropped['unknown-peer'] > 0
    })
    const heard = rig.announced.length
    const before = rig.plane.statistics.dropped['unknown-peer']
    peer.send(peer.protect(packet(12)), rig.port)
    await until(() => rig.plane.statistics.dropped['unknown-peer'] > before)
    expect(rig.announced).toHaveLength(heard)
  })

  it('what its peer sent under the keys of before', async (rig) => {
    const { id, peer } = await rig.peer()
    await publish(rig, peer, 10)
    const other = await rig.stranger()
    rig.plane.addPeer(id, other.keys, peer.path)
    await until(() => {
      peer.send(peer.protect(packet(11)), rig.port)
      return rig.plane.statistics.dropped.authentication > 0
    })
    const heard = rig.announced.length
    peer.send(other.protect(packet(12)), rig.port)
    await until(() => rig.announced.length > heard)
    expect(announced(rig).at(-1)).toBe(`p12 of ${id}`)
  })
})
