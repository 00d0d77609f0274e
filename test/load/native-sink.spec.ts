import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DatagramReceiver } from '#load/client-socket.ts'
import { HeaderCounts } from '#load/header-counts.ts'
import type { NativeSink } from '#load/native-sink.ts'
import type { TransportArrival } from '#load/packet-counts.ts'
import type { StreamFigures } from '#load/stream-figures.ts'
import { buildRtp } from '#rtp/packet.ts'
import {
  arrivalsOf,
  datagramOf,
  formats,
  jitterOf,
  schedule,
  truthOf,
  video,
} from './support/packet-schedule.ts'
import { openSink, Sender, until, whyNoSink } from './support/sinks.ts'

describe.skipIf(whyNoSink !== undefined)('counting in native code', { timeout: 20_000 }, () => {
  let sink: NativeSink
  beforeEach(() => {
    sink = openSink()
  })
  afterEach(() => sink.close())

  /** A session, what it handed up, and what it told. */
  function open(family: 4 | 6 = 4) {
    const datagrams: { bytes: Buffer; from: string }[] = []
    const told: string[] = []
    const arrivals: TransportArrival[] = []
    const receiver: DatagramReceiver = {
      datagram: (bytes, { address, port }) => {
        datagrams.push({ bytes: Buffer.from(bytes), from: `${address} ${port}` })
      },
    }
    const session = sink.session(family, formats, receiver)
    session.listen({
      gap: (ssrc, before, after) => told.push(`gap ${ssrc} ${before}–${after}`),
      late: (ssrc, number) => told.push(`late ${ssrc} ${number}`),
      arrivals: () => arrivals.push(...session.takeArrivals()),
    })
    session.handUpAll(false)
    const collect = () => arrivals.push(...session.takeArrivals())
    return { session, datagrams, told, arrivals, collect }
  }

  it('comes to the same figures as TypeScript and as the truth, packet by packet', async () => {
    await fc.assert(
      fc.asyncProperty(schedule, async (plan) => {
        const { session, told, arrivals, collect } = open()
        await using sender = await Sender.open(session.port)
        const packets = arrivalsOf(plan)
        const sent = packets.map((packet, number) => datagramOf(packet, number))
        for (const datagram of sent) await sender.send(datagram)
        await until(() => collect() === sent.length)
        const now = performance.now()
        const figures = session.figures(now)

        const { frames: _, wholeFrames: __, ...truth } = truthOf(plan)
        expect(figures).toHaveLength(1)
        expect(figures[0]).toMatchObject(truth)

        const twin = new HeaderCounts(formats)
        const twinTold: string[] = []
        twin.listen({
          gap: (ssrc, before, after) => twinTold.push(`gap ${ssrc} ${before}–${after}`),
          late: (ssrc, number) => twinTold.push(`late ${ssrc} ${number}`),
          arrivals: () => {},
        })
        for (const { sequenceNumber, at } of arrivals) twin.receive(sent[sequenceNumber]!, at)
        expect(twin.figures(now).map(rounded)).toEqual(figures.map(rounded))
        await until(() => told.length >= twinTold.length)
        expect(told).toEqual(twinTold)
        session.close()
      }),
      { numRuns: 25 },
    )
  })

  it('measures jitter from the times at which packets came', async () => {
    const { session, arrivals, collect } = open()
    await using sender = await Sender.open(session.port)
    const count = 50
    for (let index = 0; index < count; index++) {
      const packet = { index, sequenceNumber: index, timestamp: 90 * index, marker: true }
      await sender.send(datagramOf(packet, index))
    }
    await until(() => session.figures(0)[0]?.packets === count)
    await until(() => collect() === count)
    const packets = arrivals.map(({ sequenceNumber, at }) => ({
      at,
      timestamp: 90 * sequenceNumber,
    }))
    const [figures] = session.figures(performance.now())
    expect(figures!.jitter).toBeCloseTo(jitterOf(packets, 90), 3)
    expect(figures!.firstAt).toBeCloseTo(arrivals[0]!.at, 3)
    // The clock is that of JavaScript.
    expect(performance.now() - figures!.firstAt).toBeLessThan(10_000)
    expect(performance.now()).toBeGreaterThan(figures!.firstAt)
  })

  it.each`
    what                 | bytes
    ${'a STUN request'}  | ${'0001000000000000000000000000000000000000'}
    ${'a DTLS record'}   | ${'16fefd000000000000000000010a'}
    ${'an SRTCP packet'} | ${'80c80006000000010000000000000000'}
    ${'a packet of RTX'} | ${'806700010000000000000fa1000a00'}
  `('hands up $what with its source', async ({ bytes }) => {
    const { session, datagrams } = open()
    await using sender = await Sender.open(session.port)
    await sender.send(Buffer.from(bytes, 'hex'))
    await until(() => datagrams.length === 1)
    expect(datagrams).toEqual([
      { bytes: Buffer.from(bytes, 'hex'), from: `127.0.0.1 ${sender.port}` },
    ])
  })

  it('hands up all packets, or only counts them', async () => {
    const { session, datagrams } = open()
    await using sender = await Sender.open(session.port)
    const send = (sequenceNumber: number) =>
      sender.send(buildRtp({ ...video, sequenceNumber, timestamp: 0 }, Buffer.alloc(20)))
    session.handUpAll(true)
    await send(1)
    await until(() => datagrams.length === 1)
    session.handUpAll(false)
    await send(2)
    await until(() => session.figures(0)[0]?.packets === 2)
    session.handUpAll(true)
    await send(3)
    await until(() => datagrams.length === 2)
    expect(datagrams.map(({ bytes }) => bytes.readUInt16BE(2))).toEqual([1, 3])
    expect(datagrams[0]!.bytes).toHaveLength(32)
  })

  it('takes what RTX brought into account', async () => {
    const { session } = open()
    await using sender = await Sender.open(session.port)
    for (const sequenceNumber of [1, 2, 4]) {
      await sender.send(buildRtp({ ...video, sequenceNumber, timestamp: 0 }, Buffer.alloc(20)))
    }
    await until(() => session.figures(0)[0]?.packets === 3)
    const restored = { ssrc: video.ssrc, sequenceNumber: 3, marker: true, length: 50 }
    expect(session.restore(restored, performance.now())).toBe(true)
    expect(session.restore(restored, performance.now())).toBe(false)
    expect(session.figures(0)[0]).toMatchObject({
      packets: 4,
      lost: 0,
      received: 3,
      bytes: 3 * 32 + 50,
      frames: 1,
      wholeFrames: 1,
    })
  })

  it('gives each session a port of its own, of either family, and sends from it', async () => {
    const sessions = [open(4), open(4), open(6)]
    expect(new Set(sessions.map(({ session }) => session.port)).size).toBe(3)
    for (const [i, { session, datagrams }] of sessions.entries()) {
      const address = i === 2 ? '::1' : '127.0.0.1'
      await using sender = await Sender.open(session.port, address)
      const came = new Promise<{ text: string; port: number }>((resolve) => {
        sender.socket.once('message', (bytes, { port }) =>
          resolve({ text: bytes.toString(), port }),
        )
      })
      session.send(Buffer.from('to you, and no more'), 6, address, sender.port)
      expect(await came).toEqual({ text: 'to you', port: session.port })
      await sender.send(Buffer.alloc(20))
      await until(() => datagrams.length === 1)
      expect(datagrams[0]!.from).toBe(`${address} ${sender.port}`)
    }
  })

  it('keeps the last figures of a session that was closed, and its place is used again', async () => {
    const { session } = open()
    await using sender = await Sender.open(session.port)
    await sender.send(buildRtp({ ...video, sequenceNumber: 7, timestamp: 0 }, Buffer.alloc(20)))
    await until(() => session.figures(0).length === 1)
    session.close()
    session.close()
    for (let i = 0; i < 300; i++) open().session.close()
    const next = open()
    await using other = await Sender.open(next.session.port)
    await other.send(Buffer.alloc(20))
    await until(() => next.datagrams.length === 1)
    expect(session.figures(0)[0]).toMatchObject({ packets: 1, ssrc: video.ssrc })
    expect(next.session.figures(0)).toEqual([])
  })

  it('survives whatever comes', async () => {
    const { session, datagrams } = open()
    session.handUpAll(true)
    await using sender = await Sender.open(session.port)
    const header = fc.constantFrom([], [0x80], [0x90, 102], [0xbf, 0x66], [0x90, 103], [0x16], [0])
    const anything = fc.tuple(header, fc.uint8Array({ maxLength: 1500 }))
    const datagramsOf = fc.sample(anything, 2000)
    for (const [head, rest] of datagramsOf) await sender.send(Buffer.from([...head, ...rest]))
    // So many may find the socket full, and this one as well.
    const last = Buffer.concat([Buffer.alloc(1), randomBytes(31)])
    const resent = setInterval(() => void sender.send(last), 5)
    await until(() => datagrams.at(-1)?.bytes.equals(last) ?? false)
    clearInterval(resent)
    expect(session.figures(performance.now()).length).toBeLessThanOrEqual(8)
  })
})

/** Times to a nanosecond: the two clocks differ by a constant, which costs the last bits. */
function rounded(figures: StreamFigures) {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [
      name,
      typeof value === 'number' ? Number(value.toFixed(6)) : value,
    ]),
  )
}
