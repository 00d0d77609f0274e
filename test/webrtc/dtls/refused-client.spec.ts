import { describe, expect, it } from 'vitest'
import { TestCertificate } from '#test/support/test-certificate.ts'
import { uint8, uint16Vector, vector8, vector24 } from '#webrtc/dtls/byte-writer.ts'
import type { DtlsCertificate } from '#webrtc/dtls/certificate.ts'
import { cipherSuite } from '#webrtc/dtls/client-hello.ts'
import { handshakeType } from '#webrtc/dtls/handshake-message.ts'
import { extensionType, useSrtp } from '#webrtc/dtls/hello-extensions.ts'
import {
  clientCertificate,
  createServer,
  serverCertificate,
  strangerCertificate,
} from './endpoints.ts'
import { editClientHello, withExtension } from './hello-edits.ts'
import { changing, RoguePeer, type Tamper } from './rogue-peer.ts'
import { Simulation } from './simulation.ts'

const honest: Tamper = (message) => [message]
const hello = (edit: Parameters<typeof editClientHello>[0]) =>
  changing(handshakeType.clientHello, editClientHello(edit))
const flipLastBit = (body: Buffer) => {
  const flipped = Buffer.from(body)
  flipped[body.length - 1]! ^= 1
  return flipped
}

function meet(
  tamper: Tamper,
  certificate: DtlsCertificate = clientCertificate,
  announced = certificate,
) {
  const server = createServer({ peer: announced })
  const options = {
    certificate,
    remoteFingerprints: [serverCertificate.fingerprint],
    srtpProfiles: [7, 1] as const,
  }
  const client = new RoguePeer('client', options, tamper)
  const simulation = new Simulation({ client, server })
  simulation.run()
  return { server, simulation }
}

it('A server takes the rogue as long as it does not lie', () => {
  expect(meet(honest).server).toMatchObject({ state: 'connected', failure: undefined })
})

it('A server takes a client that lists no curves by P-256, and one that also does DTLS 1.3', () => {
  // The rogue's own transcript has the true hello, so its signature is refused: but not sooner.
  const without = hello(withExtension(extensionType.supportedGroups))
  expect(meet(without).server.failure).toBe('bad-certificate-verify')
  const newer = hello(() => ({ version: 0xfefc }))
  expect(meet(newer).server.failure).toBe('bad-certificate-verify')
})

describe('A server refuses a client', () => {
  it.each<[string, string, Tamper]>([
    ['speaks DTLS 1.0', 'unsupported-version', hello(() => ({ version: 0xfeff }))],
    ['speaks TLS', 'unsupported-version', hello(() => ({ version: 0x0303 }))],
    [
      'offers RSA only',
      'no-common-cipher',
      hello(() => ({ cipherSuites: [cipherSuite.rsa, 0xc02c] })),
    ],
    ['must compress', 'illegal-parameter', hello(() => ({ compressionMethods: Buffer.of(1) }))],
    [
      'has no extended master secret',
      'no-extended-master-secret',
      hello(withExtension(extensionType.extendedMasterSecret)),
    ],
    [
      'renegotiates',
      'illegal-parameter',
      hello(withExtension(extensionType.renegotiationInfo, vector8(Buffer.alloc(12)))),
    ],
    [
      'takes no ECDSA from us',
      'no-common-signature',
      hello(withExtension(extensionType.signatureAlgorithms, uint16Vector([0x0401]))),
    ],
    [
      'wants SHA-1 by saying nothing',
      'no-common-signature',
      hello(withExtension(extensionType.signatureAlgorithms)),
    ],
    [
      'has none of our curves',
      'no-common-curve',
      hello(withExtension(extensionType.supportedGroups, uint16Vector([25, 30]))),
    ],
    ['has no use_srtp', 'no-common-srtp-profile', hello(withExtension(extensionType.useSrtp))],
    [
      'has none of our SRTP profiles',
      'no-common-srtp-profile',
      hello(withExtension(...useSrtp([2, 8]))),
    ],
    ['has no certificate', 'no-certificate', changing(handshakeType.certificate, () => vector24())],
    [
      'has a share of zero',
      'bad-key-share',
      changing(handshakeType.clientKeyExchange, () => vector8(Buffer.alloc(32))),
    ],
    [
      'has a point where X25519 was agreed',
      'bad-key-share',
      changing(handshakeType.clientKeyExchange, () => vector8(uint8(4), Buffer.alloc(64, 1))),
    ],
    [
      'has another key share than it signed',
      'bad-certificate-verify',
      changing(handshakeType.clientKeyExchange, () => vector8(Buffer.alloc(32, 9))),
    ],
    [
      'has a signature that is off by a bit',
      'bad-certificate-verify',
      changing(handshakeType.certificateVerify, flipLastBit),
    ],
    [
      'names a scheme that is not the key’s',
      'bad-certificate-verify',
      changing(handshakeType.certificateVerify, (body) =>
        Buffer.concat([Buffer.of(8, 4), body.subarray(2)]),
      ),
    ],
    ['has another Finished', 'bad-finished', changing(handshakeType.finished, flipLastBit)],
    [
      'cuts its Finished short',
      'bad-finished',
      changing(handshakeType.finished, (body) => body.subarray(0, 11)),
    ],
  ])('that %s: %s', (_what, failure, tamper) => {
    const { server } = meet(tamper)
    expect(server).toMatchObject({ state: 'failed', failure, keys: undefined })
  })

  it('that puts a point off the curve where P-256 was agreed', () => {
    const point = changing(handshakeType.clientKeyExchange, () =>
      vector8(uint8(4), Buffer.alloc(64, 1)),
    )
    const curve = hello(withExtension(extensionType.supportedGroups, uint16Vector([23])))
    const { server } = meet((message, randoms) =>
      point(message, randoms).flatMap((pointed) => curve(pointed, randoms)),
    )
    expect(server.failure).toBe('bad-key-share')
  })

  it('that has another certificate than announced', () => {
    const { server } = meet(honest, clientCertificate, strangerCertificate)
    expect(server).toMatchObject({ failure: 'fingerprint-mismatch', keys: undefined })
  })

  it('that has the certificate but not its key', () => {
    const { der, fingerprint } = clientCertificate
    const { privateKey } = strangerCertificate
    const { server } = meet(honest, { der, fingerprint, privateKey })
    expect(server).toMatchObject({ failure: 'bad-certificate-verify', keys: undefined })
  })

  it('that signs by ECDSA for an RSA certificate', () => {
    using rsa = new TestCertificate('RSA-2048')
    const { privateKey } = clientCertificate
    const { server } = meet(honest, { der: rsa.der, fingerprint: rsa.fingerprint, privateKey })
    expect(server).toMatchObject({ failure: 'bad-certificate-verify', keys: undefined })
  })

  it('that leaves its signature out, when its time is up', () => {
    const { server } = meet((message) =>
      message.type === handshakeType.certificateVerify ? [] : [message],
    )
    expect(server).toMatchObject({ failure: 'timeout', keys: undefined })
  })

  it('and tells it why, once it is sure', () => {
    const { simulation } = meet(changing(handshakeType.certificateVerify, flipLastBit))
    // A fatal decrypt_error (RFC 5246 §7.2), in the clear: we have sent no ChangeCipherSpec.
    const alert = simulation.datagrams.toClient.at(-1)!
    expect([alert[0], alert.readUInt16BE(3), ...alert.subarray(13)]).toEqual([21, 0, 2, 51])
  })
})
