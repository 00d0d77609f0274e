import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson, type Json } from '#control/audit/canonical-json.ts'
import { readHead, signHead } from '#control/audit/head.ts'
import { chainStart, nextRecord, readRecord } from '#control/audit/record.ts'

describe('canonical JSON (RFC 8785)', () => {
  it('is as §3.2.3 prints it', () => {
    const value = JSON.parse(String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`)
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        String.raw`"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    )
  })

  it('sorts keys by UTF-16 code units, as §3.2.3 does', () => {
    const value = {
      '\u20ac': 1,
      '\r': 2,
      '\ufb33': 3,
      '1': 4,
      '\u{1f600}': 5,
      '\u0080': 6,
      '\u00f6': 7,
    }
    const order = [...canonicalJson(value).matchAll(/:(\d)/g)].map(([, digit]) => Number(digit))
    expect(order).toEqual([2, 4, 6, 7, 1, 5, 3])
  })

  it('says the same as JSON, and once more the same', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value as Json)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(canonicalJson(JSON.parse(text))).toBe(text)
      }),
    )
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, '\ud800'])('has no form for %o', (value) => {
    expect(() => canonicalJson({ value })).toThrow(TypeError)
  })
})

describe('a record (SEC-65, SEC-66)', () => {
  const session = { tenant: 'acme', actor: 'u1', target: 's-1' }
  const at = Date.parse('2026-01-01T00:00:00.000Z')

  it('hashes as the vectors of SEC-67 and SEC-68 do', () => {
    const first = nextRecord({ ...session, event: 'session.create' }, chainStart, at)
    expect(first.line).toBe(
      `{"actor":"u1","event":"session.create","prev":"${'0'.repeat(64)}","seq":1,` +
        '"target":"s-1","tenant":"acme","ts":"2026-01-01T00:00:00.000Z"}',
    )
    expect(first.end).toEqual({
      seq: 1,
      hash: 'abb6c6c7def0922dda1b2e8223f03e8dd5615f281e3c67bdcd2e89b73a2e6e35',
    })
    const second = nextRecord({ ...session, event: 'session.delete' }, first.end, at + 5000)
    expect(second.end).toEqual({
      seq: 2,
      hash: '90dbb8e89800c4ea2618297f80d7b8da402dc1cbad2c3228261fada873695a2d',
    })
  })

  it('reads back, and nothing else reads as one', () => {
    const { line } = nextRecord({ ...session, event: 'a', detail: { n: 1 } }, chainStart, at)
    expect(readRecord(line)).toMatchObject({ seq: 1, tenant: 'acme', detail: { n: 1 } })
    for (const other of [
      ` ${line}`,
      line.slice(1),
      line.replace('"seq":1', '"seq":1.0'),
      '{}',
      '7',
    ]) {
      expect(readRecord(other)).toBeUndefined()
    }
    fc.assert(fc.property(fc.string(), (text) => readRecord(text) === undefined))
  })
})

describe('a signed head (SEC-70)', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')

  it('counts with its key and as it was written', () => {
    const head = signHead('acme', { seq: 7, hash: 'a'.repeat(64) }, 0, privateKey)
    expect(readHead(JSON.stringify(head), publicKey)).toEqual(head)
    for (const change of [{ seq: 6 }, { tenant: 'other' }, { ts: 'then' }, { more: 1 }]) {
      expect(readHead(JSON.stringify({ ...head, ...change }), publicKey)).toBeUndefined()
    }
    const other = generateKeyPairSync('ed25519').publicKey
    expect(readHead(JSON.stringify(head), other)).toBeUndefined()
    expect(readHead('{', publicKey)).toBeUndefined()
  })
})
