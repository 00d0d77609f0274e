import { describe, expect, it } from 'vitest'
import type { Path } from '#native/path.ts'
import { SlabPool, slabSize } from '#native/slab.ts'
import { maxDatagram, Peer } from '#native/twin/peer.ts'
import { PeerTable } from '#native/twin/peer-table.ts'
import { keys, path } from './track-rig.ts'

const peerOn = (id: number, at: Path, pool = new SlabPool()) => new Peer(id, keys, at, pool)
const at = (remotePort: number, localAddress: string = path.localAddress): Path => {
  return { ...path, remotePort, localAddress }
}

class Table extends PeerTable {
  on({ transport, family, remoteAddress, remotePort, localAddress }: Path): number | undefined {
    const local = { transport, family, address: localAddress }
    return this.find(remoteAddress, remotePort, local)?.id
  }
}

describe('whose a datagram is (DESIGN §5)', () => {
  it('is told by all of its path', () => {
    const table = new Table()
    table.add(peerOn(1, at(4000)))
    table.add(peerOn(2, at(4000, '203.0.113.6')))
    table.add(peerOn(3, { ...at(4000), remoteAddress: '198.51.100.8' }))
    table.add(peerOn(4, at(4001)))
    table.add(peerOn(5, { ...at(4000), transport: 'tcp' }))
    expect(table.on(at(4000))).toBe(1)
    expect(table.on({ ...at(4000), transport: 'tcp' })).toBe(5)
    expect(table.on(at(4000, '203.0.113.6'))).toBe(2)
    expect(table.on({ ...at(4000), remoteAddress: '198.51.100.8' })).toBe(3)
    expect(table.on(at(4001))).toBe(4)
    expect(table.on(at(4002))).toBeUndefined()
    expect(table.on(at(4001, '203.0.113.6'))).toBeUndefined()
  })

  it('moves with the peer, and the old path is nobody’s', () => {
    const table = new Table()
    const peer = peerOn(1, at(4000))
    table.add(peer)
    table.move(peer, at(4001))
    expect([table.on(at(4000)), table.on(at(4001)), peer.path]).toEqual([undefined, 1, at(4001)])
    expect(table.get(1)).toBe(peer)
  })

  it('is the newest peer’s where a NAT reuses a port (ICE-63), and the older one’s after it', () => {
    const table = new Table()
    const [old, young] = [peerOn(1, at(4000)), peerOn(2, at(4000))]
    table.add(old)
    table.add(young)
    expect(table.on(at(4000))).toBe(2)
    table.remove(young)
    expect(table.on(at(4000))).toBe(1)
    table.remove(old)
    expect(table.on(at(4000))).toBeUndefined()
    expect([...table.values()]).toEqual([])
  })

  it('is also told when an older peer moves onto the path of another', () => {
    const table = new Table()
    const [first, second] = [peerOn(1, at(4000)), peerOn(2, at(4001))]
    table.add(first)
    table.add(second)
    table.move(first, at(4001))
    expect(table.on(at(4001))).toBe(1)
  })
})

describe('the memory of a peer', () => {
  it('is none until it sends, then one slab at a time, then none', () => {
    const pool = new SlabPool()
    const peer = peerOn(1, path, pool)
    const first = peer.slab()
    // As a log does that keeps a packet of it.
    first.retain()
    expect(peer.slab() === first).toBe(true)
    let packets = 0
    for (; peer.slab() === first; packets++) {
      expect(peer.used + maxDatagram).toBeLessThanOrEqual(slabSize)
      peer.advance(1000)
    }
    expect(packets).toBe(Math.ceil((slabSize - maxDatagram) / 1000))
    const second = peer.slab()
    expect([first.references, peer.used, second.references]).toEqual([1, 0, 1])
    peer.close()
    peer.close()
    expect(second.references).toBe(0)
  })

  it('stays with whoever keeps a packet', () => {
    const peer = peerOn(1, path)
    const slab = peer.slab()
    slab.retain()
    peer.close()
    expect(slab.references).toBe(1)
    // Compared here: the matcher would compare the bytes of both, one by one.
    expect(peer.slab() === slab).toBe(false)
  })
})
