import { expect, it } from 'vitest'
import type { MediaPlaneListener, ReceivedBatch } from '#native/media-plane.ts'
import type { PacketPlace } from '#native/packet-store.ts'
import { SlabPool } from '#native/slab.ts'
import { Incoming } from '#native/twin/incoming.ts'
import { Peer } from '#native/twin/peer.ts'
import { PeerTable } from '#native/twin/peer-table.ts'
import { SrtpSender } from '#native/twin/srtp-sender.ts'
import { PacketLog } from '#relay/packet-log.ts'
import { buildRtp } from '#rtp/packet.ts'

const path = {
  family: 4,
  remoteAddress: '192.0.2.1',
  remotePort: 5000,
  localAddress: '192.0.2.2',
} as const
const master = { key: Buffer.alloc(16, 1), salt: Buffer.alloc(12, 2) }

it('a packet that a log keeps stays whole while the log drops others of the same slab', () => {
  const log = new PacketLog({ minimumAge: 20, maximumAge: 20, maximumBytes: 1e6 })
  let now = 0
  const keep = (_peer: number, { slab, offsets, lengths }: ReceivedBatch) => {
    log.append(slab.bytes.readUInt16BE(offsets[0]! + 2), slab, offsets[0]!, lengths[0]!, now)
  }
  const peers = new PeerTable()
  peers.add(new Peer(1, { profile: 7, local: master, remote: master }, path, new SlabPool()))
  const incoming = new Incoming(peers, { media: keep } as unknown as MediaPlaneListener, () => now)
  const sender = new SrtpSender(7, master)

  for (let sequenceNumber = 0; sequenceNumber < 200; sequenceNumber++) {
    now = sequenceNumber
    const header = { payloadType: 96, sequenceNumber, timestamp: sequenceNumber, ssrc: 1 }
    const packet = Buffer.concat([
      buildRtp(header, Buffer.alloc(50, sequenceNumber)),
      Buffer.alloc(16),
    ])
    sender.protectRtp(packet, 12, packet.length - 16, sequenceNumber)
    incoming.receive(packet, path.remoteAddress, path.remotePort, {
      address: path.localAddress,
      family: 4,
    })
  }

  const place: PacketPlace = { bytes: Buffer.alloc(0), offset: 0, length: 0 }
  expect(log.end - log.start).toBeGreaterThan(15)
  for (let index = log.start; index < log.end; index++) {
    expect(log.locate(index, place)).toBe(true)
    expect(place.bytes.readUInt16BE(place.offset + 2)).toBe(index)
    expect(place.bytes[place.offset + 12]).toBe(index)
  }
})
