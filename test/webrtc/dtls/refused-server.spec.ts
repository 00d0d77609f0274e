import { afterAll, describe, expect, it } from 'vitest'
import { type KeyKind, TestCertificate } from '#test/support/test-certificate.ts'
import { uint8, uint16Vector, vector8, vector16, vector24 } from '#webrtc/dtls/byte-writer.ts'
import { cipherSuite } from '#webrtc/dtls/client-hello.ts'
import { type HandshakeMessage, handshakeType } from '#webrtc/dtls/handshake-message.ts'
import { extensionType, useSrtp } from '#webrtc/dtls/hello-extensions.ts'
import {
  parseServerKeyExchange,
  writeKeyParameters,
  writeServerKeyExchange,
} from '#webrtc/dtls/key-exchange-messages.ts'
import { signOwn } from '#webrtc/dtls/signature.ts'
import {
  clientCertificate,
  createClient,
  serverCertificate,
  strangerCertificate,
} from './endpoints.ts'
import { editServerHello, withExtension } from './hello-edits.ts'
import { changing, RoguePeer, type Tamper } from './rogue-peer.ts'
import { Simulation } from './simulation.ts'

const honest: Tamper = (message) => [message]
const hello = (edit: Parameters<typeof editServerHello>[0]) =>
  changing(handshakeType.serverHello, editServerHello(edit))
const flipLastBit = (body: Buffer) => {
  const flipped = Buffer.from(body)
  flipped[body.length - 1]! ^= 1
  return flipped
}

/** A key exchange that the server really signs, whatever is in it. */
const keyExchange = (curve: number, publicKey: Buffer) =>
  changing(handshakeType.serverKeyExchange, (_body, randoms) => {
    const parameters = writeKeyParameters(curve, publicKey)
    const signed = Buffer.concat([randoms.client, randoms.server, parameters])
    return writeServerKeyExchange(parameters, signOwn(signed, serverCertificate.privateKey))
  })
const offCurve = Buffer.concat([uint8(4), Buffer.alloc(64, 1)])

const odd = new Map<KeyKind, TestCertificate>()
const certificateOf = (kind: KeyKind) => {
  const certificate = odd.get(kind) ?? new TestCertificate(kind)
  odd.set(kind, certificate)
  return certificate
}
afterAll(() => {
  for (const certificate of odd.values()) certificate[Symbol.dispose]()
})

function meet(tamper: Tamper, certificate = serverCertificate, announced = certificate) {
  const client = createClient({ peer: announced })
  const options = {
    certificate,
    remoteFingerprints: [clientCertificate.fingerprint],
    srtpProfiles: [7, 1] as const,
  }
  const server = new RoguePeer('server', options, tamper)
  const simulation = new Simulation({ client, server })
  simulation.run()
  return { client, simulation }
}

it('A client connects to the rogue as long as it does not lie', () => {
  expect(meet(honest).client).toMatchObject({ state: 'connected', failure: undefined })
})

describe('A client refuses a server', () => {
  it.each<[string, string, Tamper]>([
    ['speaks DTLS 1.0', 'unsupported-version', hello(() => ({ version: 0xfeff }))],
    ['picks a cipher not offered', 'no-common-cipher', hello(() => ({ cipherSuite: 0xc02c }))],
    ['compresses', 'illegal-parameter', hello(() => ({ compressionMethod: 1 }))],
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
    ['answers what was not asked', 'illegal-parameter', hello(withExtension(35, Buffer.alloc(0)))],
    ['has no use_srtp', 'no-common-srtp-profile', hello(withExtension(extensionType.useSrtp))],
    [
      'picks an SRTP profile not offered',
      'no-common-srtp-profile',
      hello(withExtension(...useSrtp([2]))),
    ],
    ['picks two SRTP profiles', 'no-common-srtp-profile', hello(withExtension(...useSrtp([7, 1])))],
    [
      'makes up a key identifier',
      'no-common-srtp-profile',
      hello(
        withExtension(
          extensionType.useSrtp,
          Buffer.concat([uint16Vector([7]), vector8(Buffer.of(1))]),
        ),
      ),
    ],
    [
      'says RSA and has an ECDSA key',
      'unsupported-certificate',
      hello(() => ({ cipherSuite: cipherSuite.rsa })),
    ],
    ['has no certificate', 'no-certificate', changing(handshakeType.certificate, () => vector24())],
    [
      'has a signature that is off by a bit',
      'bad-key-exchange-signature',
      changing(handshakeType.serverKeyExchange, flipLastBit),
    ],
    [
      'names a scheme that is not the key’s',
      'bad-key-exchange-signature',
      changing(handshakeType.serverKeyExchange, (body) => {
        const { parameters, signature } = parseServerKeyExchange(body)!
        return writeServerKeyExchange(parameters, { ...signature, scheme: 0x0401 })
      }),
    ],
    ['has a point off the curve', 'bad-key-share', keyExchange(23, offCurve)],
    ['has a compressed point', 'bad-key-share', keyExchange(23, offCurve.subarray(0, 33))],
    ['has a share of zero', 'bad-key-share', keyExchange(29, Buffer.alloc(32))],
    ['has a share that is too short', 'bad-key-share', keyExchange(29, Buffer.alloc(31, 9))],
    ['uses a curve not offered', 'no-common-curve', keyExchange(25, Buffer.alloc(133, 4))],
    [
      'takes no ECDSA from us',
      'no-common-signature',
      changing(handshakeType.certificateRequest, () =>
        Buffer.concat([vector8(uint8(1)), uint16Vector([0x0401]), vector16()]),
      ),
    ],
    ['has another Finished', 'bad-finished', changing(handshakeType.finished, flipLastBit)],
    [
      'cuts its Finished short',
      'bad-finished',
      changing(handshakeType.finished, (body) => body.subarray(0, 11)),
    ],
  ])('that %s: %s', (_what, failure, tamper) => {
    const { client } = meet(tamper)
    expect(client).toMatchObject({ state: 'failed', failure, keys: undefined })
  })

  it('that has another certificate than announced', () => {
    const { client } = meet(honest, serverCertificate, strangerCertificate)
    expect(client).toMatchObject({ failure: 'fingerprint-mismatch', keys: undefined })
  })

  it('that has the certificate but not its key', () => {
    const { der, fingerprint } = serverCertificate
    const { privateKey } = strangerCertificate
    const { client } = meet(honest, { der, fingerprint, privateKey })
    expect(client).toMatchObject({ failure: 'bad-key-exchange-signature', keys: undefined })
  })

  it.each<[KeyKind, 'rsa' | 'ecdsa']>([
    ['RSA-1024', 'rsa'],
    ['RSA-2048', 'ecdsa'],
    ['Ed25519', 'ecdsa'],
  ])('with a key of %s under a cipher of %s', (kind, suite) => {
    const { der, fingerprint } = certificateOf(kind)
    const { privateKey } = serverCertificate
    const tamper = hello(() => ({ cipherSuite: cipherSuite[suite] }))
    const { client } = meet(tamper, { der, fingerprint, privateKey })
    expect(client).toMatchObject({ failure: 'unsupported-certificate', keys: undefined })
  })

  it.each<[string, (message: HandshakeMessage) => boolean]>([
    ['asks for no certificate', ({ type }) => type === handshakeType.certificateRequest],
    ['never finishes', ({ type }) => type === handshakeType.finished],
  ])('that %s, when its time is up', (_what, missing) => {
    const { client } = meet((message) => (missing(message) ? [] : [message]))
    expect(client).toMatchObject({ failure: 'timeout', keys: undefined })
  })

  it('and tells it why, once it is sure', () => {
    const { simulation } = meet(honest, serverCertificate, strangerCertificate)
    // A fatal bad_certificate (RFC 5246 §7.2), in the clear: there are no keys.
    const alert = simulation.datagrams.toServer.at(-1)!
    expect([alert[0], alert.readUInt16BE(3), ...alert.subarray(13)]).toEqual([21, 0, 2, 42])
  })
})
