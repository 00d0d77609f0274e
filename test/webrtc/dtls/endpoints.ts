import { expect } from 'vitest'
import type { SrtpProfile } from '#native/srtp-keys.ts'
import { createCertificate, type DtlsCertificate } from '#webrtc/dtls/certificate.ts'
import { DtlsTransport } from '#webrtc/dtls/dtls-transport.ts'

const wall = Date.UTC(2026, 0, 1)
export const clientCertificate = createCertificate(wall)
export const serverCertificate = createCertificate(wall)
export const strangerCertificate = createCertificate(wall)

interface EndpointOptions {
  readonly own?: DtlsCertificate
  readonly peer?: DtlsCertificate
  readonly profiles?: readonly SrtpProfile[]
}

export const createClient = (options: EndpointOptions = {}): DtlsTransport =>
  new DtlsTransport({
    role: 'client',
    certificate: options.own ?? clientCertificate,
    remoteFingerprints: [(options.peer ?? serverCertificate).fingerprint],
    srtpProfiles: options.profiles ?? [7, 1],
  })

export const createServer = (options: EndpointOptions = {}): DtlsTransport =>
  new DtlsTransport({
    role: 'server',
    certificate: options.own ?? serverCertificate,
    remoteFingerprints: [(options.peer ?? clientCertificate).fingerprint],
    srtpProfiles: options.profiles ?? [7, 1],
  })

export function expectAgreement(client: DtlsTransport, server: DtlsTransport): void {
  expect([client.failure, server.failure]).toEqual([undefined, undefined])
  expect([client.state, server.state]).toEqual(['connected', 'connected'])
  expect(client.keys?.local).toEqual(server.keys?.remote)
  expect(client.keys?.remote).toEqual(server.keys?.local)
  expect(client.keys?.profile).toBe(server.keys?.profile)
  expect(client.keys?.local).not.toEqual(client.keys?.remote)
}
