import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { told } from '#conformance/caller.ts'
import { clausesIn, notesIn } from '#conformance/clause-map.ts'
import { parseEvents } from '#conformance/event-reader.ts'
import { readLinks } from '#conformance/link-checks.ts'
import { directionsOf, readSdp } from '#conformance/sdp-text.ts'

describe('Link fields (RFC 8288 §3)', () => {
  it('are read in lists, in any order, quoted or not', () => {
    const field =
      '<turn:a.example?transport=udp>; username="a \\"b\\", c"; rel=ice-server;credential="x;y", ' +
      '</sse>; rel="urn:x"; events="active,layers"'
    expect(readLinks(field)).toEqual([
      {
        target: 'turn:a.example?transport=udp',
        parameters: { username: 'a "b", c', rel: 'ice-server', credential: 'x;y' },
      },
      { target: '/sse', parameters: { rel: 'urn:x', events: 'active,layers' } },
    ])
    expect(readLinks(['<a>; rel=b', '<c>'])).toHaveLength(2)
    expect(readLinks(undefined)).toEqual([])
  })

  it('may be anything', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => readLinks(text).length >= 0))
  })
})

describe('an event stream (WHATWG HTML §9.2)', () => {
  it('is read message by message, without comments and what has not ended', () => {
    const text = ':\n\nevent: active\ndata: {}\n\nevent:layers\ndata: 1\ndata:2\nid: 3\n\nevent: x'
    expect(parseEvents(text)).toEqual([
      { name: 'active', data: ['{}'] },
      { name: 'layers', data: ['1', '2'] },
    ])
  })
})

describe('directions of an SDP (RFC 8866 §6.7)', () => {
  it.each`
    sdp                                                     | found
    ${'m=audio 9 X 1\na=recvonly\nm=video 9 X 2'}           | ${['recvonly', 'sendrecv']}
    ${'a=sendonly\nm=audio 9 X 1\nm=video 0 X 2'}           | ${['sendonly']}
    ${'v=0\r\nm=audio 9 X 1\r\na=inactive\r\na=x:recvonly'} | ${['inactive']}
  `('are $found', ({ sdp, found }) => {
    expect(directionsOf(readSdp(sdp))).toEqual(found)
  })
})

describe('evidence', () => {
  it.each`
    headers                                                               | says
    ${{ location: 'http://127.0.0.1:81/session/AAECAwQFBgcICQoLDA0ODw' }} | ${'POST 201, location: /session/…'}
    ${{ location: '/test/whip/0b9f1c2e-1f5c-4f0e-9c8a-3d6f5b7a9e10' }}    | ${'POST 201, location: /test/whip/…'}
    ${{ location: '"4f0e9c8a"' }}                                         | ${'POST 201, location: "…"'}
    ${{}}                                                                 | ${'POST 201, location: –'}
  `('of $headers is the same in each run', ({ headers, says }) => {
    const exchange = { method: 'POST', url: 'http://a', status: 201, headers, body: '' }
    expect(told(exchange, 'location')).toBe(says)
  })
})

describe('where clauses are checked', () => {
  it('is read from the checklists and the tables', () => {
    expect(clausesIn('# A\n- WHIP-1 One.\n  and WHIP-9 not\n- WHIP-2 Two.\n')).toEqual([
      'WHIP-1',
      'WHIP-2',
    ])
    const tables =
      '# Head\n## WHIP (RFC 9725)\n| clauses | what | spec |\n| --- | --- | --- |\n' +
      '| WHIP-1, 3–4 (5) | a | `a.spec.ts` |\n\n## WHEP\n| 6 | b |\n'
    expect(notesIn(tables, 'WHIP')).toEqual(
      ['WHIP-1', 'WHIP-3', 'WHIP-4'].map((clause) => ({ clause, note: '`a.spec.ts`' })),
    )
    expect(notesIn(tables, 'WHEP')).toEqual([{ clause: 'WHEP-6', note: 'b' }])
  })
})
