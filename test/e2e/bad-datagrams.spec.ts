import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { visit } from '#test/support/libdatachannel-viewers.ts'
import type { Viewing } from '#test/support/media-page.ts'
import { Stage, stageUnavailable } from '#test/support/stage.ts'
import { type DatagramKind, UdpProxy } from '#test/support/udp-proxy.ts'

/** A picture drawn while it changes may read as none; damage lasts until the next keyframe. */
const spoiled = 3
/** Datagrams of each kind that are kept for mischief. */
const kept = 60
/** Three times as many fit a socket whose process stands still: what it cannot hold nobody counts. */
const atOnce = 20

/** What passed to the server through a proxy, by kind: the first ones of each. */
function recordPassing(proxy: UdpProxy): Record<DatagramKind, Buffer[]> {
  const passed = { stun: [], dtls: [], rtp: [], rtcp: [], other: [] } as Record<
    DatagramKind,
    Buffer[]
  >
  proxy.onPassing(({ direction, kind, datagram }) => {
    if (direction === 'to-server' && passed[kind].length < kept) {
      passed[kind].push(Buffer.from(datagram))
    }
  })
  return passed
}

function corrupted(datagram: Buffer, at: number): Buffer {
  const copy = Buffer.from(datagram)
  const place = at % copy.length
  copy[place] = copy[place]! ^ 0x55
  return copy
}

const tlsRecord = (type: number, body: string): Buffer => {
  const bytes = Buffer.from(body, 'hex')
  const header = Buffer.from([type, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 99, 0, bytes.length])
  return Buffer.concat([header, bytes])
}

describe('a bad datagram while somebody publishes and watches', () => {
  const missing = stageUnavailable()
  let stage: Stage
  let viewing: Viewing
  let stranger: Socket
  const proxies: UdpProxy[] = []
  let ofPublisher: Record<DatagramKind, Buffer[]>
  let ofViewer: Record<DatagramKind, Buffer[]>

  beforeAll(async () => {
    if (missing) return
    stage = await Stage.open()
    for (const _ of ['publisher', 'viewer']) proxies.push(await UdpProxy.open(stage.server.media))
    const [near, far] = proxies as [UdpProxy, UdpProxy]
    ofPublisher = recordPassing(near)
    ofViewer = recordPassing(far)
    const publisher = await stage.obs('calm', { through: near.address })
    const { clock } = stage.media
    viewing = await stage.view('calm', { clock, scale: publisher.clock, through: far.address })
    await viewing.live()
    stranger = createSocket('udp4')
    stranger.bind(0, '127.0.0.1')
    await once(stranger, 'listening')
  })
  beforeEach(async ({ skip }) => {
    if (missing) skip(missing)
    await viewing.mark()
  })
  afterAll(async () => {
    await stage?.close()
    stranger?.close()
    for (const proxy of proxies) await proxy.close()
  })

  async function expectCalm(): Promise<void> {
    const report = await viewing.moreFrames(30)
    expect(report.state).toBe('connected')
    expect(report.unreadable).toBeLessThan(spoiled)
    expect(stage.server.running).toBe(true)
  }

  const dropped = async (): Promise<number> =>
    [...(await stage.server.metrics())]
      .filter(([name]) => name.startsWith('tailrace_datagrams_dropped_total'))
      .reduce((sum, [, value]) => sum + value, 0)

  it('replayed or corrupted SRTP and SRTCP are dropped and counted', async () => {
    const [near] = proxies
    const before = await dropped()
    const all = [...ofPublisher.rtp, ...ofPublisher.rtcp]
    expect(all.length).toBeGreaterThan(kept)
    for (let from = 0; from < all.length; from += atOnce) {
      for (const [i, datagram] of all.slice(from, from + atOnce).entries()) {
        near!.inject(datagram)
        near!.inject(corrupted(datagram, datagram.length - 1))
        near!.inject(corrupted(datagram, from + i))
      }
      const injected = Math.min(from + atOnce, all.length)
      const counted = { timeout: 10_000, interval: 20 }
      await expect.poll(dropped, counted).toBeGreaterThanOrEqual(before + injected * 2)
    }
    await expectCalm()
  })

  it('STUN without the password gets no success, from a stranger or a known address', async () => {
    const answers: Buffer[] = []
    stranger.on('message', (datagram) => answers.push(datagram))
    const [near, far] = proxies
    const { address, port } = stage.server.media
    expect(ofViewer.stun.length).toBeGreaterThan(0)
    for (const request of ofViewer.stun) {
      // The last 8 bytes are FINGERPRINT (RFC 8489 §14.7); before it ends MESSAGE-INTEGRITY.
      const forged = corrupted(request, request.length - 12)
      stranger.send(forged, port, address)
      far!.inject(forged)
      near!.inject(forged)
    }
    await expectCalm()
    const successes = answers.filter((answer) => answer.readUInt16BE(0) === 0x0101)
    expect(successes).toEqual([])
  })

  it.each([
    { what: 'an alert in the clear that closes', datagram: tlsRecord(21, '0100') },
    { what: 'a fatal alert in the clear', datagram: tlsRecord(21, '0228') },
    { what: 'a handshake that begins anew', datagram: tlsRecord(22, '010000000000000000000000') },
    { what: 'a record of rubbish', datagram: tlsRecord(23, 'c0ffee'.repeat(20)) },
    { what: 'a record that says more than it has', datagram: tlsRecord(22, '00').subarray(0, 13) },
  ])('DTLS from a known address: $what changes nothing', async ({ datagram }) => {
    for (const proxy of proxies) proxy.inject(datagram)
    stranger.send(datagram, stage.server.media.port, stage.server.media.address)
    await expectCalm()
  })

  it('what was sent before, cut short anywhere, changes nothing', async () => {
    const [near, far] = proxies
    const samples = [ofPublisher, ofViewer].map((of) =>
      [of.stun, of.dtls, of.rtp, of.rtcp].flatMap((each) => each.slice(0, 2)),
    )
    for (const [index, proxy] of [near, far].entries()) {
      for (const datagram of samples[index]!) {
        for (let length = 0; length < datagram.length; length += 1 + (datagram.length >> 5)) {
          proxy!.inject(datagram.subarray(0, length))
        }
      }
    }
    await expectCalm()
  })

  it('a certificate that is not the one announced is never connected', async () => {
    const result = await visit({
      url: stage.server.whep('calm'),
      visits: 2,
      atOnce: 2,
      timeoutMs: 3000,
      remove: false,
      forgeFingerprint: true,
    })
    expect(result).toMatchObject({ connected: 0, received: 0, refused: 0 })
    await expectCalm()
  })
})
