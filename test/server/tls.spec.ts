import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { loadTls } from '#server/tls.ts'

// Made by `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 36500`.
const file = (name: string) => `test/server/vectors/${name}.pem`
const certificate = file('certificate')
const key = file('key')
const now = Date.UTC(2030, 0)

describe('the certificate for HTTPS', () => {
  it('is not needed', () => {
    expect(loadTls({}, now)).toBeUndefined()
  })

  it('is read with its key', () => {
    expect(loadTls({ TLS_CERT: certificate, TLS_KEY: key }, now)).toEqual({
      cert: readFileSync(certificate, 'utf8'),
      key: readFileSync(key, 'utf8'),
    })
  })

  it.each`
    fault                   | cert              | keyFile              | words
    ${'is not there'}       | ${file('absent')} | ${key}               | ${/- TAILRACE_TLS_CERT: .* cannot be read/}
    ${'is no certificate'}  | ${key}            | ${key}               | ${/- TAILRACE_TLS_CERT: .* is no certificate/}
    ${'has no key'}         | ${certificate}    | ${file('absent')}    | ${/- TAILRACE_TLS_KEY: .* cannot be read/}
    ${'has no private key'} | ${certificate}    | ${certificate}       | ${/- TAILRACE_TLS_KEY: .* is not the private key/}
    ${'has another key'}    | ${certificate}    | ${file('other-key')} | ${/- TAILRACE_TLS_KEY: .* is not the private key/}
  `('is refused by name when it $fault', ({ cert, keyFile, words }) => {
    expect(() => loadTls({ TLS_CERT: cert, TLS_KEY: keyFile }, now)).toThrow(words)
  })

  it('is refused when it has run out', () => {
    const later = Date.UTC(2300, 0)
    expect(() => loadTls({ TLS_CERT: certificate, TLS_KEY: key }, later)).toThrow(/renew it/)
  })
})
