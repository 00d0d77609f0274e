import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { isInstalled } from '#test/support/program.ts'
import { createCertificate } from '#webrtc/dtls/certificate.ts'
import { integer, oid, time, utf8String } from '#webrtc/dtls/der.ts'
import { type Fingerprint, fingerprintOf, matchesFingerprint } from '#webrtc/dtls/fingerprint.ts'

const wall = Date.UTC(2026, 2, 1, 12, 30, 15)
const day = 24 * 60 * 60 * 1000

describe('Our certificate (RFC 5280 §4.1, SEC-61)', () => {
  it('is signed by its own key and valid for 30 days, one of them past', () => {
    const { der, privateKey } = createCertificate(wall)
    const parsed = new X509Certificate(der)
    expect(parsed.verify(parsed.publicKey)).toBe(true)
    expect(parsed.checkPrivateKey(privateKey)).toBe(true)
    expect(parsed.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' })
    expect(parsed.subject).toBe('CN=tailrace')
    expect(parsed.issuer).toBe('CN=tailrace')
    expect(Date.parse(parsed.validFrom)).toBe(wall - day)
    expect(Date.parse(parsed.validTo)).toBe(wall + 29 * day)
  })

  it('has the fingerprint that others compute', () => {
    const { der, fingerprint } = createCertificate(wall)
    expect(fingerprint).toEqual({
      algorithm: 'sha-256',
      value: new X509Certificate(der).fingerprint256,
    })
  })

  it('has a random serial number of 16 bytes, positive', () => {
    const serials = Array.from({ length: 50 }, () => {
      return new X509Certificate(createCertificate(wall).der).serialNumber
    })
    expect(new Set(serials).size).toBe(50)
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/)
  })

  describe('as OpenSSL reads it', () => {
    beforeEach(({ skip }) => skip(!isInstalled('openssl'), '"openssl" is not installed'))

    it('is a version 3 certificate without a word on standard error', () => {
      const { der } = createCertificate(wall)
      const text = execFileSync('openssl', ['x509', '-inform', 'DER', '-noout', '-text'], {
        input: der,
        encoding: 'utf8',
      })
      expect(text).toContain('Version: 3 (0x2)')
      expect(text).toContain('Signature Algorithm: ecdsa-with-SHA256')
      expect(text).toContain('ASN1 OID: prime256v1')
      expect(text).toContain('Not Before: Feb 28 12:30:15 2026 GMT')
      expect(text).toContain('Not After : Mar 30 12:30:15 2026 GMT')
    })
  })
})

describe('A fingerprint in SDP (RFC 8122 §5)', () => {
  const { der } = createCertificate(wall)
  const algorithms = ['sha-256', 'sha-384', 'sha-512'] as const

  it.each(algorithms)('by %s is matched in any case', (algorithm) => {
    const { value } = fingerprintOf(der, algorithm)
    expect(matchesFingerprint(der, [{ algorithm, value }])).toBe(true)
    expect(matchesFingerprint(der, [{ algorithm, value: value.toLowerCase() }])).toBe(true)
  })

  it('is matched where one of several is right', () => {
    const other = fingerprintOf(createCertificate(wall).der)
    expect(matchesFingerprint(der, [other, fingerprintOf(der, 'sha-512')])).toBe(true)
  })

  it.each<[string, Fingerprint[]]>([
    ['there is none', []],
    ['it is another’s', [fingerprintOf(createCertificate(wall).der)]],
    ['it is of another algorithm', [{ ...fingerprintOf(der), algorithm: 'sha-384' }]],
    ['it is cut short', [{ algorithm: 'sha-256', value: fingerprintOf(der).value.slice(0, -3) }]],
    ['it is longer', [{ algorithm: 'sha-256', value: `${fingerprintOf(der).value}:00` }]],
    ['it is empty', [{ algorithm: 'sha-256', value: '' }]],
    ['it is no hex', [{ algorithm: 'sha-256', value: 'ZZ:'.repeat(32) }]],
  ])('is not matched where %s', (_why, announced) => {
    expect(matchesFingerprint(der, announced)).toBe(false)
  })
})

describe('DER (X.690)', () => {
  it.each([
    ['00', '020100'],
    ['007f', '02017f'],
    ['80', '02020080'],
    ['0100', '02020100'],
  ])('writes the integer %s as %s', (magnitude, element) => {
    expect(integer(Buffer.from(magnitude, 'hex')).toString('hex')).toBe(element)
  })

  it('writes long and short lengths, and object identifiers', () => {
    expect(utf8String('a'.repeat(127)).subarray(0, 2).toString('hex')).toBe('0c7f')
    expect(utf8String('a'.repeat(128)).subarray(0, 3).toString('hex')).toBe('0c8180')
    expect(utf8String('a'.repeat(300)).subarray(0, 4).toString('hex')).toBe('0c82012c')
    expect(oid([1, 2, 840, 10045, 4, 3, 2]).toString('hex')).toBe('06082a8648ce3d040302')
  })

  it('writes times in the form of their century (RFC 5280 §4.1.2.5)', () => {
    expect(
      time(Date.UTC(2049, 11, 31, 23, 59, 59))
        .subarray(2)
        .toString(),
    ).toBe('491231235959Z')
    expect(
      time(Date.UTC(2050, 0, 1))
        .subarray(2)
        .toString(),
    ).toBe('20500101000000Z')
  })
})
