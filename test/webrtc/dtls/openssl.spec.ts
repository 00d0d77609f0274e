import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { SrtpKeys, SrtpProfile } from '#native/srtp-keys.ts'
import { DtlsSocket } from '#test/support/dtls-socket.ts'
import { isInstalled, Program } from '#test/support/program.ts'
import { type KeyKind, TestCertificate } from '#test/support/test-certificate.ts'
import { createCertificate } from '#webrtc/dtls/certificate.ts'
import { DtlsTransport } from '#webrtc/dtls/dtls-transport.ts'
import type { Role } from '#webrtc/dtls/key-schedule.ts'
import { exporterBlock } from './exporter-block.ts'

const present = isInstalled('openssl')

const profileName: Record<SrtpProfile, string> = {
  1: 'SRTP_AES128_CM_SHA1_80',
  7: 'SRTP_AEAD_AES_128_GCM',
}
const exporterLength: Record<SrtpProfile, string> = { 1: '60', 7: '56' }
const ourCertificate = createCertificate(Date.now())
const certificates = new Map<KeyKind, TestCertificate>()

function certificateOf(kind: KeyKind): TestCertificate {
  const certificate = certificates.get(kind) ?? new TestCertificate(kind)
  certificates.set(kind, certificate)
  return certificate
}

beforeEach(({ skip }) => skip(!present, '"openssl" is not installed'))

afterAll(() => {
  for (const certificate of certificates.values()) certificate[Symbol.dispose]()
})

interface Case {
  readonly key: KeyKind
  readonly curve: string
  readonly profile: SrtpProfile
}

function commonArguments({ key, curve, profile }: Case): string[] {
  const { certificateFile, keyFile } = certificateOf(key)
  const exporter = ['-keymatexport', 'EXTRACTOR-dtls_srtp']
  const identity = ['-cert', certificateFile, '-key', keyFile, '-curves', curve]
  return [
    ...['-dtls1_2', '-use_srtp', profileName[profile], ...identity],
    ...[...exporter, '-keymatexportlen', exporterLength[profile]],
  ]
}

function transportFor(role: Role, { key }: Case): DtlsTransport {
  return new DtlsTransport({
    role,
    certificate: ourCertificate,
    remoteFingerprints: [certificateOf(key).fingerprint],
    srtpProfiles: [7, 1],
  })
}

async function expectSameKeys(program: Program, keys: SrtpKeys, role: Role): Promise<void> {
  const [, block] = await program.until(/Keying material: ([0-9A-F]+)\n/)
  expect(exporterBlock(keys, role).toString('hex').toUpperCase()).toBe(block)
}

const cases: Case[] = [
  { key: 'P-256', curve: 'X25519:P-256', profile: 7 },
  { key: 'P-256', curve: 'P-256', profile: 1 },
  { key: 'P-384', curve: 'P-384:P-256', profile: 7 },
  { key: 'RSA-2048', curve: 'X25519:P-256', profile: 7 },
  { key: 'RSA-2048', curve: 'P-256', profile: 1 },
]

describe('OpenSSL as server', { timeout: 30_000 }, () => {
  const serverArguments = ['s_server', '-accept', '127.0.0.1:0', '-Verify', '1']

  it.each(cases)('agrees on SRTP profile $profile with $key, $curve', async (wanted) => {
    const server = new Program('openssl', [...serverArguments, ...commonArguments(wanted)])
    const [, port] = await server.until(/ACCEPT 127\.0\.0\.1:(\d+)/)
    await using socket = await DtlsSocket.open(transportFor('client', wanted))
    socket.start(Number(port))
    await socket.until(({ state }) => state !== 'connecting')
    expect(socket.transport).toMatchObject({ failure: undefined, state: 'connected' })
    expect(socket.transport.keys?.profile).toBe(wanted.profile)
    await expectSameKeys(server, socket.transport.keys!, 'client')
  })

  it('takes our close_notify', async () => {
    const wanted = cases[0]!
    const server = new Program('openssl', [...serverArguments, ...commonArguments(wanted)])
    const [, port] = await server.until(/ACCEPT 127\.0\.0\.1:(\d+)/)
    await using socket = await DtlsSocket.open(transportFor('client', wanted))
    socket.start(Number(port))
    await server.until(/Keying material: /)
    socket.close()
    await server.until(/DONE/)
  })
})

describe('OpenSSL as client', { timeout: 30_000 }, () => {
  it.each(cases)('agrees on SRTP profile $profile with $key, $curve', async (wanted) => {
    await using socket = await DtlsSocket.open(transportFor('server', wanted))
    socket.start()
    const target = ['s_client', '-connect', `127.0.0.1:${socket.port}`]
    const client = new Program('openssl', [...target, ...commonArguments(wanted)])
    await socket.until(({ state }) => state !== 'connecting')
    expect(socket.transport).toMatchObject({ failure: undefined, state: 'connected' })
    expect(socket.transport.keys?.profile).toBe(wanted.profile)
    await expectSameKeys(client, socket.transport.keys!, 'server')
  })

  it('is refused a renegotiation', async () => {
    const wanted = cases[0]!
    await using socket = await DtlsSocket.open(transportFor('server', wanted))
    socket.start()
    const target = ['s_client', '-connect', `127.0.0.1:${socket.port}`]
    const client = new Program('openssl', [...target, ...commonArguments(wanted)])
    await client.until(/Keying material: /)
    client.write('R\n')
    await client.until(/no renegotiation/)
  })

  it('takes our close_notify', async () => {
    const wanted = cases[0]!
    await using socket = await DtlsSocket.open(transportFor('server', wanted))
    socket.start()
    const target = ['s_client', '-connect', `127.0.0.1:${socket.port}`]
    const client = new Program('openssl', [...target, ...commonArguments(wanted)])
    await client.until(/Keying material: /)
    socket.close()
    await client.until(/closed/)
  })

  it('tells us when it closes', async () => {
    const wanted = cases[0]!
    await using socket = await DtlsSocket.open(transportFor('server', wanted))
    socket.start()
    const target = ['s_client', '-connect', `127.0.0.1:${socket.port}`]
    const client = new Program('openssl', [...target, ...commonArguments(wanted)])
    await client.until(/Keying material: /)
    client.write('Q\n')
    await socket.until(({ peerClosed }) => peerClosed)
    expect(socket.transport).toMatchObject({ state: 'closed', keys: undefined })
  })
})
