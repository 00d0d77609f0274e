import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Endpoint, IceClient } from '#load/ice-client.ts'
import { checkIntegrity, parseStun } from '#webrtc/stun.ts'
import {
  type BindingRequest,
  writeBindingError,
  writeBindingRequest,
  writeBindingSuccess,
} from '#webrtc/stun-writer.ts'
import { credentials, IcePair, serverAt } from './support/ice-pair.ts'

const second = 1000

describe('a full agent with a lite server (RFC 8445)', () => {
  it('is connected after one round trip, and nominates in the next', () => {
    const pair = new IcePair({ delay: 20 })
    expect(pair.run(second, () => pair.client.selected !== undefined)).toBe(41)
    expect(pair.client.selected).toMatchObject(serverAt)
    expect(pair.run(second, () => pair.server.nominated)).toBe(61)
  })

  it('tries the candidates in their order, 20 ms apart', () => {
    const silent = [1, 2].map((port) => ({ address: '203.0.113.9', port }))
    const pair = new IcePair({ candidates: [...silent, serverAt] })
    pair.run(45)
    expect(pair.sent).toEqual([
      { at: 0, port: 1 },
      { at: 20, port: 2 },
      { at: 40, port: serverAt.port },
    ])
    pair.run(second, () => pair.client.selected !== undefined)
    expect(pair.client.selected).toMatchObject(serverAt)
  })

  it('asks again after 50, 100, 200, 400 and then every 500 ms', () => {
    const pair = new IcePair({ candidates: [{ address: '203.0.113.9', port: 1 }] })
    pair.run(2300)
    expect(pair.sent.map(({ at }) => at)).toEqual([0, 50, 150, 350, 750, 1250, 1750, 2250])
  })

  it('connects and nominates under loss in both directions', () => {
    const drops = fc.uniqueArray(fc.integer({ min: 0, max: 12 }), { maxLength: 6 })
    fc.assert(
      fc.property(drops, drops, (dropUp, dropDown) => {
        const pair = new IcePair({ dropUp, dropDown })
        pair.run(9 * second, () => pair.server.nominated)
        expect(pair.server.nominated).toBe(true)
        expect(pair.client.failure).toBeUndefined()
      }),
    )
  })

  it('gives up when nobody has answered for 10 s', () => {
    const pair = new IcePair({ candidates: [{ address: '203.0.113.9', port: 1 }] })
    expect(pair.run(60 * second, () => pair.client.failure !== undefined)).toBe(10 * second + 1)
    expect(pair.client.failure).toBe('unreachable')
    expect(pair.client.nextTimeout).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('consent (RFC 7675 §5.1)', () => {
  const checksIn = (pair: IcePair, from: number) => pair.sent.filter(({ at }) => at >= from).length

  it('is asked for about every 5 s', () => {
    const pair = new IcePair()
    pair.run(second)
    pair.run(61 * second)
    expect(checksIn(pair, second)).toBe(12)
    expect(pair.client.failure).toBeUndefined()
  })

  it('is lost 30 s after the last answer', () => {
    const lost = Array.from({ length: 100 }, (_, i) => i + 3)
    const pair = new IcePair({ dropDown: lost })
    const end = pair.run(90 * second, () => pair.client.failure !== undefined)
    // Check, nomination, and one answer after 5 s; then silence.
    expect(end).toBeGreaterThan(35 * second)
    expect(end).toBeLessThan(36 * second)
    expect(pair.client.failure).toBe('consent-lost')
  })

  it('ends at once when the server says 403 (§5.2)', () => {
    const pair = new IcePair()
    pair.run(second)
    pair.server.revoke(second)
    expect(pair.run(20 * second, () => pair.client.failure !== undefined)).toBeLessThan(6 * second)
    expect(pair.client.failure).toBe('revoked')
  })
})

describe('with a peer that checks as well', () => {
  const remote = { ufrag: 'peer', password: 'password-of-the-peer-22' }
  const elsewhere: Endpoint = { address: '198.51.100.7', port: 5000 }

  function agent() {
    const sent: { datagram: Buffer; to: Endpoint }[] = []
    const send = (datagram: Buffer, to: Endpoint) => sent.push({ datagram, to })
    const options = { local: credentials, remote, candidates: [serverAt], random: () => 0.5, send }
    const client = new IceClient(options, 0)
    const receive = (datagram: Buffer, from: Endpoint) => {
      client.receive(parseStun(datagram)!, datagram, from, 1)
    }
    return { client, sent, receive }
  }

  const request = (change: Partial<BindingRequest> = {}) =>
    writeBindingRequest({
      transactionId: randomBytes(12),
      username: `${credentials.ufrag}:${remote.ufrag}`,
      password: credentials.password,
      priority: 1,
      tieBreaker: 1n,
      useCandidate: false,
      ...change,
    })

  it('answers 487 to one that wants to control: who offers does (RFC 8445 §6.1.1)', () => {
    const { sent, receive } = agent()
    receive(request(), elsewhere)
    const answer = parseStun(sent[0]!.datagram)!
    expect(answer).toMatchObject({ class: 'error', errorCode: 487 })
    expect(sent[0]!.to).toEqual(elsewhere)
    expect(checkIntegrity(sent[0]!.datagram, answer, credentials.password)).toBe(true)
  })

  it.each`
    what                        | change
    ${'a wrong password'}       | ${{ password: 'guessed' }}
    ${'a username not of ours'} | ${{ username: `other:${remote.ufrag}` }}
  `('does not answer $what', ({ change }) => {
    const { sent, receive } = agent()
    receive(request(change), elsewhere)
    expect(sent).toEqual([])
  })

  it('takes an answer only from where it asked, with the right password', () => {
    const { client, sent, receive } = agent()
    client.poll(0)
    const { transactionId } = parseStun(sent[0]!.datagram)!
    const success = (password: string) =>
      writeBindingSuccess({ transactionId, ...elsewhere, password })
    receive(success('guessed'), serverAt)
    receive(success(remote.password), elsewhere)
    receive(writeBindingError({ transactionId, code: 403, password: 'guessed' }), serverAt)
    expect(client.selected).toBeUndefined()
    expect(client.failure).toBeUndefined()
    receive(success(remote.password), serverAt)
    expect(client.selected).toMatchObject(serverAt)
  })
})
