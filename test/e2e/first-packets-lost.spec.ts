import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Stage, stageUnavailable } from '#test/support/stage.ts'
import { type Passing, UdpProxy } from '#test/support/udp-proxy.ts'

/** Tells the rest of the first flight from the next one: the server resends after 50 ms. */
const flightMs = 40

/** Drops what the server sends first of its DTLS, all datagrams of that flight. */
function firstFlight(): (passing: Passing) => boolean {
  let first: number | undefined
  return ({ direction, kind }) => {
    if (direction !== 'to-client' || kind !== 'dtls') return false
    first ??= performance.now()
    return performance.now() - first < flightMs
  }
}

/** Drops one RTP packet of the video: the `nth`, counted from 0. */
function videoPacket(nth: number): (passing: Passing) => boolean {
  const counts = new Map<number, number>()
  let video: number | undefined
  return ({ direction, kind, datagram }) => {
    if (direction !== 'to-client' || kind !== 'rtp') return false
    // Audio packets are short; the first long packet tells the payload type of the video.
    const payloadType = datagram[1]! & 0x7f
    if (datagram.length > 600) video ??= payloadType
    if (payloadType !== (video ?? payloadType)) return false
    const count = counts.get(payloadType) ?? 0
    counts.set(payloadType, count + 1)
    return count === nth
  }
}

describe('a join that loses on purpose', () => {
  let stage: Stage
  let proxy: UdpProxy
  const missing = stageUnavailable()

  beforeAll(async () => {
    if (missing) return
    stage = await Stage.open()
    await stage.obs('lossy')
  })
  beforeEach(async ({ skip }) => {
    if (missing) skip(missing)
    proxy = await UdpProxy.open(stage.server.media)
  })
  afterEach(async () => {
    await proxy?.close()
  })
  afterAll(async () => {
    await stage?.close()
  })

  it.each([
    { lost: 'the first DTLS flight', rule: firstFlight },
    { lost: 'the first video packet', rule: () => videoPacket(0) },
    { lost: 'the second video packet', rule: () => videoPacket(1) },
    { lost: 'a packet in the middle of the first GOP', rule: () => videoPacket(400) },
  ])('still shows a moving picture without $lost', async ({ rule }) => {
    let dropped = 0
    const drop = rule()
    proxy.dropWhen((passing) => {
      const gone = drop(passing)
      if (gone) dropped++
      return gone
    })
    const viewing = await stage.view('lossy', { through: proxy.address })
    await viewing.firstFrame()
    const report = await viewing.moreFrames(90)
    expect(dropped).toBeGreaterThan(0)
    expect(report.framesDecoded).toBeGreaterThan(60)
    await viewing.sound()
    await viewing.close()
  })
})
