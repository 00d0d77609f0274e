import { expect } from 'vitest'
import type { Path } from '#native/path.ts'
import { writeReceiverReport } from '#rtp/rtcp/reports.ts'
import { hex } from '#test/support/bytes.ts'
import { onEveryPlane } from './on-every-plane.ts'
import { until } from './until.ts'

const stun = hex('000100002112a442000000000000000000000000')
const dtls = hex('16fefd0000000000000000000100')
/** Every address of this machine at which loopback is reached without configuration. */
const addresses = ['127.0.0.1', '127.0.0.2', '::1']

onEveryPlane(
  'STUN and DTLS (RFC 7983)',
  (it) => {
    it('come up as they are, with the path they came on, from anybody', async (rig) => {
      const expected: { readonly datagram: Buffer; readonly path: Path }[] = []
      for (const [i, address] of addresses.entries()) {
        const { port } = rig.plane.addresses[i]!
        const stranger = await rig.stranger({ address })
        for (const datagram of [stun, dtls]) {
          stranger.send(datagram, port, address)
          expected.push({ datagram, path: stranger.path })
          await until(() => rig.controls.length === expected.length)
        }
      }
      expect(rig.controls).toEqual(expected)
      expect(rig.announced).toEqual([])
    })

    it('tell the address of ours that was asked, also when it is not that of the asker', async (rig) => {
      const stranger = await rig.stranger({ address: '127.0.0.1' })
      const [first, second] = rig.plane.addresses
      stranger.send(stun, first!.port, '127.0.0.1')
      stranger.send(dtls, second!.port, '127.0.0.2')
      await until(() => rig.controls.length === 2)
      const local = new Map(
        rig.controls.map(({ datagram, path }) => [datagram.toString('hex'), path.localAddress]),
      )
      expect(local.get(stun.toString('hex'))).toBe('127.0.0.1')
      expect(local.get(dtls.toString('hex'))).toBe('127.0.0.2')
    })

    it('leave from the address and port that the path names', async (rig) => {
      for (const [i, address] of addresses.entries()) {
        const stranger = await rig.stranger({ address })
        rig.plane.sendControl(stun, stranger.path)
        rig.plane.sendControl(dtls, stranger.path)
        await until(() => stranger.control.length === 2)
        const { port } = rig.plane.addresses[i]!
        expect(stranger.control).toEqual([
          { datagram: stun, port, address },
          { datagram: dtls, port, address },
        ])
      }
    })

    it('are the sender’s to write over as soon as the call is over', async (rig) => {
      const stranger = await rig.stranger()
      const borrowed = Buffer.from(stun)
      rig.plane.sendControl(borrowed, stranger.path)
      borrowed.fill(0xff)
      await until(() => stranger.control.length === 1)
      expect(stranger.control[0]!.datagram).toEqual(stun)
    })

    it('media and RTCP leave from the peer’s path, too, over IPv6 as over IPv4', async (rig) => {
      const log = rig.log('a')
      for (const [i, address] of addresses.entries()) {
        const viewer = await rig.viewer(undefined, { address })
        rig.follow(viewer, log)
        log.arrive(10 * i + 1)
        await viewer.has(1)
        await viewer.settled()
        expect(viewer.peer.from).toEqual(new Set([`${address} ${rig.plane.addresses[i]!.port}`]))
      }
    })
  },
  { addresses },
)

onEveryPlane('RTCP', (it) => {
  for (const profile of [1, 7] as const) {
    it(`goes both ways, with profile ${profile}`, async (rig) => {
      const { id, peer } = await rig.peer({ profile })
      const compounds = [7, 8, 9].map((ssrc) => writeReceiverReport(ssrc, []))
      for (const compound of compounds) peer.send(peer.protectRtcp(compound), rig.port)
      await until(() => rig.compounds.length === 3)
      expect(rig.compounds).toEqual(compounds.map((compound) => ({ peer: id, compound })))
      for (const compound of compounds) rig.plane.sendRtcp(id, compound)
      await until(() => peer.compounds.length === 3)
      expect(peer.compounds.map(([report]) => report)).toEqual(
        [7, 8, 9].map((ssrc) => ({ kind: 'receiver-report', ssrc, reports: [] })),
      )
    })

    it(`that is forged, replayed, too short or in the clear is none: profile ${profile}`, async (rig) => {
      const { id, peer } = await rig.peer({ profile })
      const good = peer.protectRtcp(writeReceiverReport(7, []))
      const forged = Buffer.from(good)
      forged[5]! ^= 1
      const cleared = Buffer.from(good)
      cleared[profile === 7 ? good.length - 4 : good.length - 14]! &= 0x7f
      for (const datagram of [forged, cleared, good, good, good.subarray(0, 20)]) {
        peer.send(datagram, rig.port)
      }
      peer.send(peer.protectRtcp(writeReceiverReport(8, [])), rig.port)
      await until(() => rig.compounds.length === 2)
      expect(rig.compounds.map(({ peer: from }) => from)).toEqual([id, id])
      expect(rig.plane.statistics.dropped).toMatchObject({
        authentication: 2,
        replayed: 1,
        'too-short': 1,
      })
    })
  }
})
