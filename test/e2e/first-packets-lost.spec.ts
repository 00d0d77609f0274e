import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Stage, stageUnavailable } from '#test/support/stage.ts'
import { type Passing, UdpProxy } from '#test/support/udp-proxy.ts'

type Rule = (passing: Passing) => boolean

/** Tells the rest of a flight from its repetition: both sides resend after 50 ms at the earliest. */
const flightMs = 40
/** Chromium's payload type for Opus. */
const opus = 111

/**
 * Drops all datagrams of one flight of DTLS, the `nth` of that direction from 0: a flight ends
 * where the other side's begins (RFC 6347 §4.2.4).
 */
function dtlsFlight(wanted: Passing['direction'], nth: number): Rule {
  let flights = -1
  let theirs = true
  let begun = 0
  return ({ direction, kind }) => {
    if (kind !== 'dtls') return false
    if (direction !== wanted) {
      theirs = true
      return false
    }
    if (theirs) {
      theirs = false
      flights++
      begun = performance.now()
    }
    return flights === nth && performance.now() - begun < flightMs
  }
}

/** Drops one video packet towards the client, the `nth` from 0. */
function videoPacket(nth: number): Rule {
  let count = 0
  let video: number | undefined
  return ({ direction, kind, datagram }) => {
    if (direction !== 'to-client' || kind !== 'rtp') return false
    const payloadType = datagram[1]! & 0x7f
    if (payloadType !== opus) video ??= payloadType
    // Repairs have a payload type of their own (RFC 4588).
    return payloadType === video && count++ === nth
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
    { lost: 'the server’s first DTLS flight', rule: () => dtlsFlight('to-client', 0) },
    { lost: 'the server’s last DTLS flight', rule: () => dtlsFlight('to-client', 1) },
    { lost: 'the browser’s first DTLS flight', rule: () => dtlsFlight('to-server', 0) },
    { lost: 'the browser’s last DTLS flight', rule: () => dtlsFlight('to-server', 1) },
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
    const report = await viewing.moreFrames(60)
    expect(dropped).toBeGreaterThan(0)
    expect(report.framesDecoded).toBeGreaterThan(45)
    await viewing.sound()
    await viewing.close()
  })
})
