import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TestCertificate } from '#test/support/test-certificate.ts'
import {
  type HandshakeFragment,
  readFragments,
  writeFragment,
} from '#webrtc/dtls/handshake-message.ts'
import { readRecords, recordHeader } from '#webrtc/dtls/records.ts'
import { createClient, createServer, expectAgreement } from './endpoints.ts'
import { type Fate, Simulation } from './simulation.ts'

/** Arrives once, or twice, at once or so late that later ones overtake it. */
const arrival = fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 2 })
const lost = fc.constant<Fate>([])

/** Of every two datagrams at most one is lost, either one: a rate of up to a half. */
const twoFates = fc.oneof(
  fc.tuple(arrival, arrival),
  fc.tuple(arrival, lost),
  fc.tuple(lost, arrival),
)
const halfLost = fc.array(twoFates, { maxLength: 20 }).map((pairs) => pairs.flat())
const fate = (fates: readonly Fate[]) => (index: number) => fates[index] ?? [20]

describe('A handshake on a bad path', { timeout: 60_000 }, () => {
  it('completes with half of all datagrams lost, others doubled and out of order', () => {
    fc.assert(
      fc.property(halfLost, halfLost, (toServer, toClient) => {
        const [client, server] = [createClient(), createServer()]
        new Simulation({
          client,
          server,
          toServer: fate(toServer),
          toClient: fate(toClient),
        }).run()
        expectAgreement(client, server)
      }),
      { numRuns: 300 },
    )
  })

  it('completes with certificates that take three datagrams, one of each three lost', () => {
    using big = new TestCertificate('P-256', 3000)
    const own = { der: big.der, fingerprint: big.fingerprint, privateKey: big.privateKey }
    const oneOfThree = fc.integer({ min: 0, max: 2 }).map((which): Fate[] => {
      return [0, 1, 2].map((index) => (index === which ? [] : [20]))
    })
    const triples = fc.array(oneOfThree, { minLength: 20, maxLength: 20 })
    const fates = fc.noBias(triples.map((all) => all.flat()))
    fc.assert(
      fc.property(fates, fates, (toServer, toClient) => {
        const client = createClient({ own, peer: own })
        const server = createServer({ own, peer: own })
        const options = { client, server, toServer: fate(toServer), toClient: fate(toClient) }
        const simulation = new Simulation(options)
        simulation.run()
        expectAgreement(client, server)
        expect(simulation.datagrams.toClient[2]?.length).toBeGreaterThan(0)
        for (const datagram of simulation.datagrams.toClient) {
          expect(datagram.length).toBeLessThanOrEqual(1200)
        }
      }),
      // Some pattern takes the same part of a flight for as long as we try: not one of these.
      { numRuns: 100, seed: 20_260_101 },
    )
  })

  it('takes records one by one, each in a datagram, in reverse', () => {
    const [client, server] = [createClient(), createServer()]
    const apart = (datagram: Buffer) =>
      [...readRecords(datagram)].map(({ header, body }) => Buffer.concat([header, body]))
    client.start(0)
    server.start(0)
    for (let turn = 0; turn < 3; turn++) {
      for (const record of client.takeDatagrams().flatMap(apart).reverse()) {
        server.receive(record, turn)
      }
      for (const record of server.takeDatagrams().flatMap(apart).reverse()) {
        client.receive(record, turn)
      }
    }
    expectAgreement(client, server)
  })

  it('takes a ClientHello in two datagrams, the second first, both twice (IO-60)', () => {
    const [client, server] = [createClient(), createServer()]
    client.start(0)
    server.start(0)
    const [hello] = [...readRecords(client.takeDatagrams()[0]!)]
    const [{ type, sequence, bytes: body }] = [...readFragments(hello!.body)] as [HandshakeFragment]
    const fragment = (offset: number, length: number) => {
      const bytes = writeFragment({ type, sequence, body }, offset, length)
      return Buffer.concat([recordHeader({ ...hello!, sequence: offset }, bytes.length), bytes])
    }
    const [first, second] = [fragment(0, 80), fragment(70, body.length)]
    for (const datagram of [second, second, first, first]) server.receive(datagram, 0)
    for (const datagram of server.takeDatagrams()) client.receive(datagram, 20)
    for (const datagram of client.takeDatagrams()) server.receive(datagram, 40)
    for (const datagram of server.takeDatagrams()) client.receive(datagram, 60)
    expectAgreement(client, server)
  })
})
