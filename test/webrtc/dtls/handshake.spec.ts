import { describe, expect, it } from 'vitest'
import { uint16, vector8 } from '#webrtc/dtls/byte-writer.ts'
import {
  type HandshakeFragment,
  handshakeType,
  readFragments,
  writeFragment,
} from '#webrtc/dtls/handshake-message.ts'
import { contentType, readRecords, recordHeader } from '#webrtc/dtls/records.ts'
import { createClient, createServer, expectAgreement } from './endpoints.ts'
import { delay, Simulation } from './simulation.ts'

const lost = [] as const
const arrives = [delay] as const

describe('A handshake on a good path (RFC 6347 §4.2.4)', () => {
  it('takes two round trips, one until the client has its keys', () => {
    const [client, server] = [createClient(), createServer()]
    const simulation = new Simulation({ client, server })
    simulation.runUntil(() => client.keys !== undefined)
    expect([simulation.now, client.state]).toEqual([2 * delay, 'connecting'])
    simulation.runUntil(() => server.keys !== undefined)
    expect([simulation.now, server.state]).toEqual([3 * delay, 'connected'])
    simulation.runUntil(() => client.state === 'connected')
    expect(simulation.now).toBe(4 * delay)
    expectAgreement(client, server)
    expect([client.flightsResent, server.flightsResent]).toEqual([0, 0])
  })

  it('leaves nothing to happen', () => {
    const [client, server] = [createClient(), createServer()]
    const simulation = new Simulation({ client, server })
    simulation.run()
    expect(simulation.now).toBe(4 * delay)
  })

  it('sends each flight in one datagram', () => {
    const [client, server] = [createClient(), createServer()]
    const simulation = new Simulation({ client, server })
    simulation.run()
    const { toServer, toClient } = simulation.datagrams
    expect([toServer.length, toClient.length]).toEqual([2, 2])
  })

  it.each`
    offered   | accepted  | agreed
    ${[7]}    | ${[7, 1]} | ${7}
    ${[7, 1]} | ${[1]}    | ${1}
    ${[1, 7]} | ${[7, 1]} | ${7}
    ${[7, 1]} | ${[1, 7]} | ${1}
  `('agrees on the server’s first of $accepted that is in $offered', (profiles) => {
    const client = createClient({ profiles: profiles.offered })
    const server = createServer({ profiles: profiles.accepted })
    new Simulation({ client, server }).run()
    expectAgreement(client, server)
    expect(client.keys).toMatchObject({ profile: profiles.agreed })
    expect(client.keys?.local.key.length).toBe(16)
    expect(client.keys?.local.salt.length).toBe(profiles.agreed === 7 ? 12 : 14)
  })
})

describe('Retransmission (RFC 6347 §4.2.4)', () => {
  it('begins after 50 ms, doubles up to 3 s, and is given up after 12 s', () => {
    const [client, server] = [createClient(), createServer()]
    const sentAt: number[] = []
    const toServer = () => {
      sentAt.push(simulation?.now ?? 0)
      return lost
    }
    let simulation: Simulation | undefined
    simulation = new Simulation({ client, server, toServer })
    simulation.run()
    expect(sentAt).toEqual([0, 50, 150, 350, 750, 1550, 3150, 6150, 9150])
    expect(simulation.now).toBe(12_000)
    expect(client).toMatchObject({ state: 'failed', failure: 'timeout', flightsResent: 8 })
    expect(server).toMatchObject({ state: 'failed', failure: 'timeout', flightsResent: 0 })
  })

  it('never uses a record number twice', () => {
    const [client, server] = [createClient(), createServer()]
    const toServer = (index: number) => (index < 4 ? lost : arrives)
    const toClient = (index: number) => (index % 2 === 0 ? lost : arrives)
    const simulation = new Simulation({ client, server, toServer, toClient })
    simulation.run()
    expectAgreement(client, server)
    for (const way of ['toServer', 'toClient'] as const) {
      const numbers = simulation.datagrams[way]
        .flatMap((datagram) => [...readRecords(datagram)])
        .map(({ epoch, sequence }) => `${epoch}:${sequence}`)
      expect(new Set(numbers).size).toBe(numbers.length)
    }
  })

  it('answers a repeated Finished after the handshake is over', () => {
    const [client, server] = [createClient(), createServer()]
    const toClient = (index: number) => (index === 1 ? lost : arrives)
    const simulation = new Simulation({ client, server, toClient })
    simulation.runUntil(() => server.state === 'connected')
    expect(client.state).toBe('connecting')
    simulation.run()
    expectAgreement(client, server)
    expect([client.flightsResent, server.flightsResent]).toEqual([1, 1])
  })

  it('answers copies that come together once', () => {
    const [client, server] = [createClient(), createServer()]
    const simulation = new Simulation({ client, server })
    simulation.runTo(delay)
    const [hello] = simulation.datagrams.toServer
    for (let copy = 0; copy < 100; copy++) server.receive(hello!, delay + 24)
    expect(server.flightsResent).toBe(0)
    for (let copy = 0; copy < 100; copy++) server.receive(hello!, delay + 25)
    expect(server.flightsResent).toBe(1)
  })

  it('keeps a Finished that overtakes its flight', () => {
    const [client, server] = [createClient(), createServer()]
    const simulation = new Simulation({
      client,
      server,
      toServer: (i) => (i === 1 ? lost : arrives),
    })
    simulation.runUntil(() => client.keys !== undefined)
    const records = [...readRecords(simulation.datagrams.toServer[1]!)]
    for (const { header, body } of records.toReversed()) {
      server.receive(Buffer.concat([header, body]), simulation.now)
    }
    expect(server.state).toBe('connected')
  })

  it('knows no ChangeCipherSpec is needed to read the next epoch', () => {
    const [client, server] = [createClient(), createServer()]
    const simulation = new Simulation({
      client,
      server,
      toServer: (i) => (i === 1 ? lost : arrives),
    })
    simulation.runUntil(() => client.keys !== undefined)
    for (const { type, header, body } of readRecords(simulation.datagrams.toServer[1]!)) {
      if (type === contentType.changeCipherSpec) continue
      server.receive(Buffer.concat([header, body]), simulation.now)
    }
    expect(server.state).toBe('connected')
  })
})

describe('A HelloVerifyRequest (RFC 6347 §4.2.1)', () => {
  const request = (cookie: Buffer) => {
    const body = Buffer.concat([uint16(0xfeff), vector8(cookie)])
    const type = handshakeType.helloVerifyRequest
    const message = writeFragment({ type, sequence: 0, body }, 0, body.length)
    const place = { type: contentType.handshake, epoch: 0, sequence: 0 }
    return Buffer.concat([recordHeader(place, message.length), message])
  }
  const helloIn = ([datagram]: readonly Buffer[]) => {
    const [record] = [...readRecords(datagram!)]
    const [{ type, sequence, bytes }] = [...readFragments(record!.body)] as [HandshakeFragment]
    // Version and random, then an empty session id, then the cookie.
    const cookie = bytes.subarray(36, 36 + bytes[35]!)
    return { type, sequence, random: bytes.subarray(2, 34), cookie }
  }

  it.each([0, 1, 20, 255])('with a cookie of %i bytes is answered by a hello with it', (size) => {
    const client = createClient()
    client.start(0)
    const first = helloIn(client.takeDatagrams())
    expect(first).toMatchObject({ type: 1, sequence: 0, cookie: Buffer.alloc(0) })
    const cookie = Buffer.alloc(size, 0xab)
    client.receive(request(cookie), 20)
    const second = helloIn(client.takeDatagrams())
    expect(second).toEqual({ type: 1, sequence: 1, random: first.random, cookie })
    // It is a new flight, with a new clock.
    expect([client.flightsResent, client.nextTimeout]).toEqual([0, 70])
  })
})

describe('Early media of a client (DESIGN §6.9)', () => {
  const outcomeOf = (oneWay: number, lostFlights: readonly number[]) => {
    const [client, server] = [createClient(), createServer()]
    const finals: number[] = []
    const toServer = (index: number, datagram: Buffer) => {
      const isFinal = [...readRecords(datagram)].some(({ epoch }) => epoch === 1)
      if (isFinal) finals.push(index)
      return isFinal && lostFlights.includes(finals.length - 1) ? lost : [oneWay]
    }
    new Simulation({ client, server, toServer, toClient: () => [oneWay] }).run()
    expectAgreement(client, server)
    return { resent: client.flightsResent > 0, lost: client.earlyMediaLost }
  }

  it.each([5, 20, 25, 50, 75, 150, 300])(
    'is not lost on a path of %i ms without loss',
    (oneWay) => {
      expect(outcomeOf(oneWay, []).lost).toBe(false)
    },
  )

  it.each([5, 20, 25, 50, 75, 150, 300])('is lost with the last flight, %i ms away', (oneWay) => {
    expect(outcomeOf(oneWay, [0])).toEqual({ resent: true, lost: true })
  })

  it('is lost with the last flight and its first copy', () => {
    expect(outcomeOf(20, [0, 1])).toEqual({ resent: true, lost: true })
  })
})

describe('Goodbye (RFC 5246 §7.2.1)', () => {
  const connected = () => {
    const [client, server] = [createClient(), createServer()]
    const simulation = new Simulation({ client, server })
    simulation.run()
    return { client, server, simulation }
  }

  it.each(['client', 'server'] as const)('of the %s reaches the other, and is answered', (role) => {
    const { client, server, simulation } = connected()
    const [leaving, staying] = role === 'client' ? [client, server] : [server, client]
    leaving.close(simulation.now)
    leaving.close(simulation.now)
    expect(leaving).toMatchObject({ state: 'closed', peerClosed: false, keys: undefined })
    simulation.flush()
    simulation.run()
    expect(staying).toMatchObject({ state: 'closed', peerClosed: true, keys: undefined })
    const { toServer, toClient } = simulation.datagrams
    expect([toServer.length, toClient.length]).toEqual([3, 3])
  })

  it('is silent before the handshake is over', () => {
    const [client, server] = [createClient(), createServer()]
    const simulation = new Simulation({ client, server })
    simulation.runUntil(() => client.keys !== undefined)
    client.close(simulation.now)
    expect(client).toMatchObject({ state: 'closed', failure: undefined, keys: undefined })
    expect(client.takeDatagrams()).toEqual([])
    expect(client.nextTimeout).toBe(Number.POSITIVE_INFINITY)
  })

  it('cannot be replayed into anything', () => {
    const { client, server, simulation } = connected()
    for (const datagram of [...simulation.datagrams.toServer, ...simulation.datagrams.toClient]) {
      client.receive(datagram, simulation.now)
      server.receive(datagram, simulation.now)
    }
    expect([client.takeDatagrams(), server.takeDatagrams()]).toEqual([[], []])
    expectAgreement(client, server)
  })
})

it('Before its start a transport neither hears nor speaks', () => {
  const [client, server] = [createClient(), createServer()]
  client.start(0)
  for (const datagram of client.takeDatagrams()) server.receive(datagram, 0)
  expect(server.takeDatagrams()).toEqual([])
  expect(server).toMatchObject({ state: 'new', nextTimeout: Number.POSITIVE_INFINITY })
})
