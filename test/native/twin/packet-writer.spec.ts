import { describe, expect, it } from 'vitest'
import { SlabPool } from '#native/slab.ts'
import { headerTemplate } from '#native/twin/header-template.ts'
import { PacketWriter } from '#native/twin/packet-writer.ts'
import { Peer } from '#native/twin/peer.ts'
import { withRtx } from '#test/native/received.ts'
import { keys, path } from './track-rig.ts'

describe('a key has 2^48 indices (RFC 3711 §9.2)', () => {
  const bytes = Buffer.concat([Buffer.from('80600001000000000000000a', 'hex'), Buffer.alloc(20)])
  const place = { bytes, offset: 0, length: bytes.length }

  it.each([
    { name: 'the last one is sent', index: 2 ** 48 - 1, datagrams: 1 },
    { name: 'the next one would be the first again: nothing leaves', index: 2 ** 48, datagrams: 0 },
  ])('$name', ({ index, datagrams }) => {
    let sent = 0
    const writer = new PacketWriter(new Peer(1, keys, path, new SlabPool()), {
      take: () => Buffer.alloc(2048),
      send: () => {
        sent++
      },
      random: () => 0,
      now: 0,
    })
    const length = writer.media(place, headerTemplate(withRtx, 96, undefined, false), {
      index,
      timestamp: 0,
    })
    expect({ sent, some: length > 0 }).toEqual({ sent: datagrams, some: datagrams === 1 })
  })
})
