import {
  createHash,
  diffieHellman,
  generateKeyPairSync,
  randomBytes,
  sign,
  verify,
} from 'node:crypto'
import { createCertificate } from '#webrtc/dtls/certificate.ts'
import { DtlsTransport } from '#webrtc/dtls/dtls-transport.ts'
import { type Figure, figure } from './figure.ts'

const handshakes = 300

/** CPU of our side of one handshake, in each role, without any network. */
export function run(): Figure[] {
  handshake('client', 20)
  handshake('server', 20)
  const reference = ['bare X25519 pair and secret, ECDSA sign and verify', primitives()] as const
  return [
    figure('handshake as client', 'ms', handshake('client', handshakes), reference),
    figure('handshake as server', 'ms', handshake('server', handshakes), reference),
  ]
}

/** @returns ms of our side alone; the peer is the same code in the other role, not timed */
function handshake(role: 'client' | 'server', count: number): number {
  const [ours, theirs] = [createCertificate(Date.now()), createCertificate(Date.now())]
  let spent = 0
  for (let i = 0; i < count; i++) {
    const peer = new DtlsTransport({
      role: role === 'client' ? 'server' : 'client',
      certificate: theirs,
      remoteFingerprints: [ours.fingerprint],
      srtpProfiles: [7],
    })
    const started = performance.now()
    const us = new DtlsTransport({
      role,
      certificate: ours,
      remoteFingerprints: [theirs.fingerprint],
      srtpProfiles: [7],
    })
    us.start(0)
    let out = us.takeDatagrams()
    spent += performance.now() - started
    peer.start(0)
    for (let turn = 0; turn < 8; turn++) {
      for (const datagram of out) peer.receive(datagram, 0)
      const back = peer.takeDatagrams()
      const received = performance.now()
      for (const datagram of back) us.receive(datagram, 0)
      out = us.takeDatagrams()
      spent += performance.now() - received
    }
    if (us.state !== 'connected' || peer.state !== 'connected') throw new Error('no handshake')
  }
  return spent / count
}

function primitives(): number {
  const certificate = createCertificate(Date.now())
  const publicKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
  const other = generateKeyPairSync('x25519')
  const message = createHash('sha256').update(randomBytes(32)).digest()
  const signature = sign('sha256', message, certificate.privateKey)
  const started = performance.now()
  for (let i = 0; i < handshakes; i++) {
    const { privateKey } = generateKeyPairSync('x25519')
    diffieHellman({ privateKey, publicKey: other.publicKey })
    sign('sha256', message, certificate.privateKey)
    verify('sha256', message, publicKey, signature)
  }
  return (performance.now() - started) / handshakes
}
