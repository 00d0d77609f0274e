import { beforeEach, describe, expect, it } from 'vitest'
import { DtlsSocket } from '#test/support/dtls-socket.ts'
import { isInstalled, Program } from '#test/support/program.ts'
import { type KeyKind, TestCertificate } from '#test/support/test-certificate.ts'
import { createCertificate } from '#webrtc/dtls/certificate.ts'
import { DtlsTransport } from '#webrtc/dtls/dtls-transport.ts'
import { exporterBlock } from './exporter-block.ts'

const missing = ['gnutls-serv', 'gnutls-cli'].filter((command) => !isInstalled(command))
beforeEach(({ skip }) => skip(missing.length > 0, `"${missing.join()}" is not installed`))

const ourCertificate = createCertificate(Date.now())
const keys: KeyKind[] = ['P-256', 'RSA-2048']

// GnuTLS 3.7 has no AEAD profile.
const commonArguments = ({ certificateFile, keyFile }: TestCertificate) => [
  ...['--udp', '--x509certfile', certificateFile, '--x509keyfile', keyFile],
  ...['--srtp-profiles', 'SRTP_AES128_CM_HMAC_SHA1_80'],
  ...['--keymatexport', 'EXTRACTOR-dtls_srtp', '--keymatexportsize', '60'],
]

describe('GnuTLS', { timeout: 30_000 }, () => {
  it.each(keys)('as server with %s asks for a cookie and agrees', async (key) => {
    using theirs = new TestCertificate(key)
    const demands = ['--port', '0', '--require-client-cert']
    const server = new Program('gnutls-serv', [...commonArguments(theirs), ...demands])
    await server.until(/IPv4 0\.0\.0\.0 port 0\.\.\.done/)
    const transport = new DtlsTransport({
      role: 'client',
      certificate: ourCertificate,
      remoteFingerprints: [theirs.fingerprint],
      srtpProfiles: [7, 1],
    })
    await using socket = await DtlsSocket.open(transport)
    socket.start(server.udpPorts()[0])
    await socket.until(({ state }) => state !== 'connecting')
    expect(transport).toMatchObject({ failure: undefined, state: 'connected' })
    // Over UDP this program prints no exported keys; its Finished has shown the master secret.
    expect(transport.keys?.profile).toBe(1)
  })

  it.each(keys)('as client with %s agrees', async (key) => {
    using theirs = new TestCertificate(key)
    const transport = new DtlsTransport({
      role: 'server',
      certificate: ourCertificate,
      remoteFingerprints: [theirs.fingerprint],
      srtpProfiles: [7, 1],
    })
    await using socket = await DtlsSocket.open(transport)
    socket.start()
    const target = ['--no-ca-verification', '--port', `${socket.port}`, '127.0.0.1']
    const client = new Program('gnutls-cli', [...commonArguments(theirs), ...target])
    await socket.until(({ state }) => state !== 'connecting')
    expect(transport).toMatchObject({ failure: undefined, state: 'connected' })
    const [, block] = await client.until(/Key material: ([0-9a-f]+)/)
    expect(exporterBlock(transport.keys!, 'server').toString('hex')).toBe(block)
  })
})
