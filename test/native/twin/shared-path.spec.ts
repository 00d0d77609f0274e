import { beforeEach, describe, expect, it } from 'vitest'
import type { MediaPlaneListener, PeerId } from '#native/media-plane.ts'
import type { Path } from '#native/path.ts'
import { type Slab, SlabPool } from '#native/slab.ts'
import type { SrtpKeys } from '#native/srtp-keys.ts'
import { Incoming } from '#native/twin/incoming.ts'
import { Peer } from '#native/twin/peer.ts'
import { PeerTable } from '#native/twin/peer-table.ts'
import { SrtpSender } from '#native/twin/srtp-sender.ts'
import { buildRtp } from '#rtp/packet.ts'
import { writeReceiverReport } from '#rtp/rtcp/reports.ts'
import { path } from './track-rig.ts'

const { remoteAddress, remotePort } = path
const local = { address: path.localAddress, family: 4, transport: 'udp' } as const
const elsewhere: Path = { ...path, remotePort: remotePort + 1 }

/** One peer as the plane has it, and what it sends. */
class Sender {
  readonly peer: Peer
  readonly #srtp: SrtpSender
  #index = 100

  constructor(id: number, at: Path, pool: SlabPool) {
    const master = (seed: number) => ({ key: Buffer.alloc(16, seed), salt: Buffer.alloc(12, seed) })
    const keys: SrtpKeys = { profile: 7, local: master(100 + id), remote: master(id) }
    this.peer = new Peer(id, keys, at, pool)
    this.#srtp = new SrtpSender(7, keys.remote)
  }

  rtp(): Buffer {
    const index = this.#index++
    const header = { payloadType: 96, sequenceNumber: index, timestamp: 0, ssrc: 7 }
    const datagram = Buffer.alloc(200)
    const length = buildRtp(header, Buffer.alloc(100)).copy(datagram)
    return datagram.subarray(0, this.#srtp.protectRtp(datagram, 12, length, index))
  }

  rtcp(): Buffer {
    return this.#srtp.protectRtcp(writeReceiverReport(7, []))
  }
}

/** Counts the slabs that are somewhere else. */
class CountingPool extends SlabPool {
  out = 0

  override take(): Slab {
    this.out++
    return super.take()
  }

  override give(slab: Slab): void {
    this.out--
    super.give(slab)
  }
}

let pool: CountingPool
let table: PeerTable
let incoming: Incoming
/** Whose packets were announced, in order. */
let heard: PeerId[]
let keep: boolean

beforeEach(() => {
  pool = new CountingPool()
  table = new PeerTable()
  heard = []
  keep = false
  const listener: Partial<MediaPlaneListener> = {
    media: (peer, { slab }) => {
      heard.push(peer)
      if (keep) slab.retain()
    },
    rtcp: (peer) => heard.push(peer),
  }
  incoming = new Incoming(table, listener as MediaPlaneListener, () => 0)
})

function join(id: number, at: Path = path): Sender {
  const sender = new Sender(id, at, pool)
  table.add(sender.peer)
  return sender
}

/** All of it comes from one and the same address. */
function arrive(...datagrams: readonly Buffer[]): readonly PeerId[] {
  const before = heard.length
  for (const datagram of datagrams) {
    incoming.receive(datagram, remoteAddress, remotePort, local)
  }
  return heard.slice(before)
}

describe('a path that several peers have proved', () => {
  it('is proved anew after a move', () => {
    const victim = join(1)
    arrive(victim.rtp())
    const moved = join(2, elsewhere)
    incoming.receive(moved.rtp(), remoteAddress, remotePort + 1, local)
    expect(moved.peer.proved).toBe(true)
    table.move(moved.peer, path)
    expect(table.find(remoteAddress, remotePort, local)).toBe(victim.peer)
  })

  it('costs a few tries and no more for a packet of nobody', () => {
    const stranger = new Sender(99, path, pool)
    const taken = Array.from({ length: 50 }, (_, id) => join(id + 1)).map(({ peer }) => {
      let tries = 0
      const open = peer.receiver.unprotectRtp.bind(peer.receiver)
      peer.receiver.unprotectRtp = (...all) => {
        tries++
        return open(...all)
      }
      return () => tries
    })
    expect(arrive(stranger.rtp())).toEqual([])
    expect(taken.reduce((sum, tries) => sum + tries(), 0)).toBe(4)
    expect(incoming.statistics.dropped).toMatchObject({ authentication: 1, 'unknown-peer': 0 })
  })
})

describe('memory for what comes in', () => {
  it('is held by no peer of whom nobody keeps a packet, whatever it sends', () => {
    const viewer = join(1)
    const forged = viewer.rtp()
    forged[50]! ^= 1
    arrive(viewer.rtp(), forged)
    expect(heard).toEqual([1])
    expect(pool.out).toBe(0)
  })

  it('is held while somebody does', () => {
    const publisher = join(1)
    keep = true
    arrive(publisher.rtp(), publisher.rtp())
    expect(publisher.peer.used).toBe(2 * 112)
    expect(pool.out).toBe(1)
  })
})
