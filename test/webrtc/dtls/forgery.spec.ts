import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { uint8, uint16, uint24, vector8 } from '#webrtc/dtls/byte-writer.ts'
import type { DtlsTransport } from '#webrtc/dtls/dtls-transport.ts'
import { handshakeType, readFragments, writeFragment } from '#webrtc/dtls/handshake-message.ts'
import { contentType, readRecords, recordHeader } from '#webrtc/dtls/records.ts'
import { createClient, createServer, expectAgreement } from './endpoints.ts'
import { delay, Simulation } from './simulation.ts'

/** A record in the clear, as anybody can send it. */
const plainRecord = (type: number, body: Buffer, sequence = 77) =>
  Buffer.concat([recordHeader({ type, epoch: 0, sequence }, body.length), body])
const plainMessage = (type: number, sequence: number, body: Buffer) =>
  plainRecord(contentType.handshake, writeFragment({ type, sequence, body }, 0, body.length))

/** How far a handshake may have come: before each arrival, and after all. */
const moments = [0, delay, 2 * delay, 3 * delay, 4 * delay]
const moment = fc.constantFrom(...moments)

/** Runs a handshake in which somebody else sends `forged` to both, at one moment. */
function disturb(at: number, forged: readonly Buffer[]) {
  const [client, server] = [createClient(), createServer()]
  const simulation = new Simulation({ client, server })
  // Just before what is due then.
  simulation.runTo(at - 1)
  for (const datagram of forged) {
    client.receive(datagram, simulation.now)
    server.receive(datagram, simulation.now)
  }
  simulation.flush()
  simulation.run()
  return { client, server, simulation }
}

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array))

/** Records with well-formed headers and any content, in either epoch. */
const garbageRecord = fc
  .record({
    type: fc.integer({ min: 19, max: 25 }),
    epoch: fc.integer({ min: 0, max: 2 }),
    sequence: fc.integer({ min: 0, max: 300 }),
    body: bytes(80),
  })
  .map(({ body, ...place }) => Buffer.concat([recordHeader(place, body.length), body]))

/** Fragments that fit no message: any type and place, a length that is never filled. */
const garbageFragment = fc
  .record({
    type: fc.integer({ min: 0, max: 25 }),
    sequence: fc.integer({ min: 0, max: 12 }),
    length: fc.integer({ min: 1, max: 0xffffff }),
    offset: fc.integer({ min: 0, max: 20_000 }),
    body: bytes(60),
  })
  .map(({ type, sequence, length, offset, body }) => {
    const lengths = [uint24(length), uint16(sequence), uint24(offset), uint24(body.length)]
    return plainRecord(contentType.handshake, Buffer.concat([uint8(type), ...lengths, body]))
  })

describe('What anybody can send', { timeout: 60_000 }, () => {
  it('never throws and never breaks a handshake, whatever the bytes', () => {
    const garbage = fc.oneof(bytes(200), garbageRecord, garbageFragment)
    fc.assert(
      fc.property(moment, fc.array(garbage, { maxLength: 30 }), (at, forged) => {
        const { client, server } = disturb(at, forged)
        expectAgreement(client, server)
      }),
    )
  })

  it.each(moments)('is no alert to be believed, %i ms into a handshake', (at) => {
    const alerts = [0, 10, 20, 40, 42, 80, 90].map((description) =>
      plainRecord(contentType.alert, Buffer.of(2, description)),
    )
    const { client, server } = disturb(at, alerts)
    expectAgreement(client, server)
    expect([client.peerClosed, server.peerClosed]).toEqual([false, false])
  })

  it.each<[string, Buffer]>([
    ['ServerHello', plainMessage(handshakeType.serverHello, 0, Buffer.alloc(38))],
    ['Certificate', plainMessage(handshakeType.certificate, 1, Buffer.alloc(3))],
    [
      'HelloVerifyRequest',
      plainMessage(
        handshakeType.helloVerifyRequest,
        0,
        Buffer.concat([uint16(0xfeff), vector8(Buffer.alloc(20, 7))]),
      ),
    ],
    [
      'ServerKeyExchange',
      plainMessage(
        handshakeType.serverKeyExchange,
        2,
        Buffer.concat([
          uint8(3),
          uint16(29),
          vector8(Buffer.alloc(32, 9)),
          uint16(0x0403),
          uint16(0),
        ]),
      ),
    ],
    ['Finished', plainMessage(handshakeType.finished, 5, Buffer.alloc(12))],
    ['HelloRequest', plainMessage(0, 0, Buffer.alloc(0))],
  ])('is a forged %s at any moment, without harm', (_name, forged) => {
    for (const at of moments) {
      for (const copies of [1, 2]) {
        const { client, server } = disturb(
          at,
          Array.from({ length: copies }, () => forged),
        )
        expectAgreement(client, server)
      }
    }
  })

  it('is a true flight with some bytes changed: at worst a handshake that fails', () => {
    const change = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }) })
    const changes = fc.array(change, { minLength: 1, maxLength: 4 })
    const direction = fc.constantFrom('toServer' as const, 'toClient' as const)
    fc.assert(
      fc.property(direction, fc.nat({ max: 1 }), changes, (way, which, edits) => {
        const [client, server] = [createClient(), createServer()]
        const target = way === 'toServer' ? server : client
        const overtakes = (index: number, datagram: Buffer) => {
          const forged = Buffer.from(datagram)
          for (const { at, to } of edits) forged[at % forged.length] = to
          if (index === which) target.receive(forged, delay * (2 * index + 1))
          return [delay]
        }
        new Simulation({ client, server, [way]: overtakes }).run()
        if (client.state === 'connected' && server.state === 'connected') {
          expectAgreement(client, server)
        } else {
          expect([client.state, server.state]).toContain('failed')
        }
      }),
      { numRuns: 200 },
    )
  })

  it('is nothing at all once connected', () => {
    const [client, server] = [createClient(), createServer()]
    const simulation = new Simulation({ client, server })
    simulation.run()
    const garbage = fc.oneof(bytes(200), garbageRecord, garbageFragment)
    fc.assert(
      fc.property(garbage, (datagram) => {
        client.receive(datagram, 5000)
        server.receive(datagram, 5000)
        expect([client.takeDatagrams(), server.takeDatagrams()]).toEqual([[], []])
      }),
    )
    expectAgreement(client, server)
  })
})

describe('A record of the next epoch (RFC 6347 §4.1.2)', () => {
  const lastFlight = () => {
    const [client, server] = [createClient(), createServer()]
    const simulation = new Simulation({
      client,
      server,
      toServer: (index) => (index === 1 ? [] : [delay]),
    })
    simulation.runUntil(() => client.keys !== undefined)
    const records = [...readRecords(simulation.datagrams.toServer[1]!)]
    const finished = Buffer.concat([records.at(-1)!.header, records.at(-1)!.body])
    const before = records.slice(0, -1).flatMap(({ header, body }) => [header, body])
    server.receive(Buffer.concat(before), simulation.now)
    server.takeDatagrams()
    return { server, finished, now: simulation.now }
  }

  it('is dropped with any bit changed but those of its length', () => {
    const { server, finished, now } = lastFlight()
    for (let bit = 0; bit < finished.length * 8; bit++) {
      const forged = Buffer.from(finished)
      forged[bit >> 3]! ^= 1 << (bit & 7)
      server.receive(forged, now)
      expect(server.state).toBe('connecting')
    }
    server.receive(finished, now)
    expect(server.state).toBe('connected')
  })

  it('counts once: a replay is not even answered', () => {
    const { server, finished, now } = lastFlight()
    server.receive(finished, now)
    expect(server.takeDatagrams().length).toBe(1)
    server.receive(finished, now + 1000)
    expect(server.takeDatagrams()).toEqual([])
    expect(server.flightsResent).toBe(0)
  })

  it('is not missed for garbage that came before the keys', () => {
    const [client, server] = [createClient(), createServer()]
    const simulation = new Simulation({ client, server })
    simulation.runTo(delay + 1)
    const garbage = recordHeader({ type: contentType.handshake, epoch: 1, sequence: 0 }, 0)
    for (let copy = 0; copy < 1000; copy++) server.receive(garbage, simulation.now)
    simulation.run()
    expectAgreement(client, server)
  })
})

describe('A new handshake after the first (DESIGN §5)', () => {
  it('is not begun by a ClientHello in the clear', () => {
    const [client, server] = [createClient(), createServer()]
    const simulation = new Simulation({ client, server })
    simulation.run()
    const second = createClient()
    second.start(0)
    for (const datagram of second.takeDatagrams()) server.receive(datagram, 5000)
    expect(server.takeDatagrams()).toEqual([])
    expectAgreement(client, server)
  })
})

describe('The size of an answer', () => {
  const sizeOf = (transport: DtlsTransport) =>
    transport.takeDatagrams().reduce((sum, { length }) => sum + length, 0)

  it('stays within bounds when the peer’s flight is repeated by others', () => {
    const [client, server] = [createClient(), createServer()]
    const simulation = new Simulation({ client, server })
    simulation.runTo(2 * delay)
    const flight = simulation.datagrams.toClient[0]!
    const done = [...readRecords(flight)].at(-1)!
    expect([...readFragments(done.body)][0]?.type).toBe(handshakeType.serverHelloDone)
    const forged = Buffer.concat([done.header, done.body])
    for (let ms = 0; ms < 1000; ms++) client.receive(forged, simulation.now + ms)
    // One flight of 600 bytes in 25 ms, for anyone who knows the address and sends a thousand.
    expect(client.flightsResent).toBe(39)
    expect(sizeOf(client)).toBeLessThan(32 * 1200)
  })
})
