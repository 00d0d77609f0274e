import { execFileSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DtlsCertificate } from '#webrtc/dtls/certificate.ts'
import { fingerprintOf } from '#webrtc/dtls/fingerprint.ts'

const keyOptions = {
  'P-256': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  'P-384': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  'RSA-1024': ['-newkey', 'rsa:1024'],
  'RSA-2048': ['-newkey', 'rsa:2048'],
  Ed25519: ['-newkey', 'ed25519'],
} as const

export type KeyKind = keyof typeof keyOptions

/** A certificate made by OpenSSL, on disk for other programs until it is disposed of. */
export class TestCertificate implements DtlsCertificate, Disposable {
  readonly certificateFile: string
  readonly keyFile: string
  readonly der: Buffer
  readonly #directory = mkdtempSync(join(tmpdir(), 'tailrace-certificate-'))

  /** @param padding bytes of a comment in it, to make it as long as that */
  constructor(kind: KeyKind, padding = 0) {
    this.certificateFile = join(this.#directory, 'certificate.pem')
    this.keyFile = join(this.#directory, 'key.pem')
    const files = ['-out', this.certificateFile, '-keyout', this.keyFile]
    const subject = ['-nodes', '-days', '2', '-subj', '/CN=peer']
    const comment = padding > 0 ? ['-addext', `nsComment=${'x'.repeat(padding)}`] : []
    const command = ['req', '-x509', ...keyOptions[kind], ...subject, ...comment, ...files]
    execFileSync('openssl', command, { stdio: 'pipe' })
    this.der = new X509Certificate(readFileSync(this.certificateFile)).raw
  }

  get privateKey() {
    return createPrivateKey(readFileSync(this.keyFile))
  }

  get fingerprint() {
    return fingerprintOf(this.der)
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true })
  }
}
