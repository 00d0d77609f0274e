import { describe, expect, it } from 'vitest'
import { handshakeType, writeFragment } from '#webrtc/dtls/handshake-message.ts'
import type { Role } from '#webrtc/dtls/key-schedule.ts'
import { contentType } from '#webrtc/dtls/records.ts'
import { clientCertificate, createClient, createServer, serverCertificate } from './endpoints.ts'
import { RoguePeer, type Tamper } from './rogue-peer.ts'
import { Simulation } from './simulation.ts'

const honest: Tamper = (message) => [message]
const srtpProfiles = [7, 1] as const

/** One of ours in that role, and a peer that holds the keys and can say anything. */
function meet(role: Role, tamper = honest) {
  if (role === 'client') {
    const remoteFingerprints = [clientCertificate.fingerprint]
    const options = { certificate: serverCertificate, remoteFingerprints, srtpProfiles }
    const [ours, peer] = [createClient(), new RoguePeer('server', options, tamper)]
    return { ours, peer, simulation: new Simulation({ client: ours, server: peer }) }
  }
  const remoteFingerprints = [serverCertificate.fingerprint]
  const options = { certificate: clientCertificate, remoteFingerprints, srtpProfiles }
  const [ours, peer] = [createServer(), new RoguePeer('client', options, tamper)]
  return { ours, peer, simulation: new Simulation({ client: peer, server: ours }) }
}

function connected(role: Role) {
  const { ours, peer, simulation } = meet(role)
  simulation.run()
  expect(ours.state).toBe('connected')
  return { ours, peer, now: simulation.now }
}

const alert = (...bytes: number[]) => [contentType.alert, Buffer.from(bytes)] as const
const message = (type: number, sequence: number, body = Buffer.alloc(0)) =>
  [contentType.handshake, writeFragment({ type, sequence, body }, 0, body.length)] as const

describe.each<Role>(['client', 'server'])('A connected %s', (role) => {
  it.each([
    ['a close_notify', alert(1, 0), [alert(1, 0)]],
    ['a fatal alert', alert(2, 80), []],
  ])('is closed by %s', (_what, [type, body], answers) => {
    const { ours, peer, now } = connected(role)
    ours.receive(peer.seal(type, body), now)
    expect(ours).toMatchObject({ state: 'closed', peerClosed: true, keys: undefined })
    const answered = peer.open(ours.takeDatagrams())
    expect(answered).toEqual(answers.map(([type, plaintext]) => ({ type, plaintext })))
    ours.close(now)
    expect(ours.takeDatagrams()).toEqual([])
  })

  it.each([
    ['a warning', alert(1, 90)],
    ['half an alert', alert(2)],
    ['an alert and a half', alert(2, 80, 0)],
    ['data', [contentType.applicationData, Buffer.from('hello')] as const],
    ['another ChangeCipherSpec', [contentType.changeCipherSpec, Buffer.of(1)] as const],
    ['half a handshake message', [contentType.handshake, Buffer.alloc(7)] as const],
    ['nothing', [contentType.handshake, Buffer.alloc(0)] as const],
    ['a type that is none', [99, Buffer.alloc(3)] as const],
  ])('takes no notice of %s', (_what, [type, body]) => {
    const { ours, peer, now } = connected(role)
    const { keys } = ours
    ours.receive(peer.seal(type, body), now)
    expect(ours).toMatchObject({ state: 'connected', peerClosed: false })
    expect(ours.keys).toBe(keys)
    expect(ours.takeDatagrams()).toEqual([])
  })

  it('refuses a renegotiation, once in words (RFC 5246 §7.2.2)', () => {
    const { ours, peer, now } = connected(role)
    const { keys } = ours
    const again = role === 'server' ? handshakeType.clientHello : 0
    ours.receive(peer.seal(...message(again, 7)), now)
    const [type, plaintext] = alert(1, 100)
    expect(peer.open(ours.takeDatagrams())).toEqual([{ type, plaintext }])
    ours.receive(peer.seal(...message(again, 8)), now + 1000)
    expect(ours.takeDatagrams()).toEqual([])
    expect(ours.keys).toBe(keys)
  })
})

describe('A client that waits for the server’s Finished', () => {
  const waiting = () => {
    const silent: Tamper = (said) => (said.type === handshakeType.finished ? [] : [said])
    const { ours, peer, simulation } = meet('client', silent)
    simulation.runUntil(() => ours.keys !== undefined)
    simulation.runTo(simulation.now + 30)
    return { ours, peer, now: simulation.now }
  }

  it('fails when a fatal alert comes instead', () => {
    const { ours, peer, now } = waiting()
    ours.receive(peer.seal(...alert(2, 51)), now)
    expect(ours).toMatchObject({ state: 'failed', failure: 'peer-alert', keys: undefined })
    expect(ours.peerClosed).toBe(true)
  })

  it('takes no other message under the new keys', () => {
    const { ours, peer, now } = waiting()
    for (const type of [handshakeType.clientHello, handshakeType.certificate, 0]) {
      ours.receive(peer.seal(...message(type, 5)), now)
    }
    expect(ours).toMatchObject({ state: 'connecting', failure: undefined })
  })
})
