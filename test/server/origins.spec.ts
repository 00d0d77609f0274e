import { describe, expect, it } from 'vitest'
import { origins } from '#server/origins.ts'

const addresses = ['203.0.113.5', '192.168.1.7', '10.0.0.1', '2001:db8::5', '127.0.0.1']

describe('where the HTTP server can be reached', () => {
  it.each`
    host             | secure   | expected
    ${'127.0.0.1'}   | ${false} | ${['http://127.0.0.1:8080']}
    ${'::1'}         | ${false} | ${['http://[::1]:8080']}
    ${'example.org'} | ${true}  | ${['https://example.org:8080']}
    ${'0.0.0.0'}     | ${false} | ${['http://localhost:8080', 'http://203.0.113.5:8080', 'http://192.168.1.7:8080']}
    ${'::'}          | ${true}  | ${['https://localhost:8080', 'https://203.0.113.5:8080', 'https://192.168.1.7:8080']}
    ${''}            | ${false} | ${['http://localhost:8080', 'http://203.0.113.5:8080', 'http://192.168.1.7:8080']}
  `('is $expected when it listens on "$host"', ({ host, secure, expected }) => {
    expect(origins({ secure, host, port: 8080, addresses })).toEqual(expected)
  })

  it('is localhost where there is no other address', () => {
    const facts = { secure: false, host: '::', port: 80, addresses: ['127.0.0.1', '2001:db8::5'] }
    expect(origins(facts)).toEqual(['http://localhost:80'])
  })
})
