import { expect, it } from 'vitest'
import { RecordingPlane } from '#test/support/recording-plane.ts'
import { SimulatedClock, SimulatedScheduler } from '#test/support/simulated-time.ts'
import { createCertificate } from '#webrtc/dtls/certificate.ts'
import { Peers } from '#webrtc/peers.ts'
import type { HostCandidate } from '#webrtc/sdp/candidate.ts'

const lan = { transport: 'udp', address: '192.0.2.1', port: 8189 } as const
const loopback = [
  { transport: 'udp', address: '127.0.0.1', port: 8189 },
  { transport: 'udp', address: '::1', port: 8189 },
] as const

function candidatesFor(client: string, candidates: readonly HostCandidate[] = [lan, ...loopback]) {
  const clock = new SimulatedClock(0)
  const scheduler = new SimulatedScheduler(clock)
  const certificate = createCertificate(0)
  const plane = new RecordingPlane()
  const peers = new Peers({ plane, certificate, candidates, scheduler, clock })
  return peers.prepare(client).local.candidates
}

it.each(['127.0.0.1', '::1', '::ffff:127.0.0.1'])('%s is told of loopback too', (client) => {
  expect(candidatesFor(client)).toEqual([lan, ...loopback])
})

it.each(['192.0.2.9', '::ffff:192.0.2.9', '2001:db8::9'])('%s is not', (client) => {
  expect(candidatesFor(client)).toEqual([lan])
})

it('a machine that has nothing else announces what it has', () => {
  expect(candidatesFor('192.0.2.9', loopback)).toEqual(loopback)
})
