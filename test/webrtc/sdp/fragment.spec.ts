import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseFragment } from '#webrtc/sdp/fragment.ts'

const patches = globSync('test/fixtures/sdp/**/patch*.http')
  .toSorted()
  .map((path) => {
    const text = readFileSync(path, 'utf8')
    return {
      name: path.replace('test/fixtures/sdp/', ''),
      body: text.slice(text.indexOf('\r\n\r\n') + 4),
    }
  })

const body = (name: string) => patches.find((patch) => patch.name === name)!.body

const ufrag = 'a=ice-ufrag:cLi1\r\n'
const password = 'a=ice-pwd:0123456789abcdefghijklmn\r\n'
const candidate = 'candidate:7 1 udp 2122260223 192.0.2.9 50123 typ host'

describe('fragments of real clients', () => {
  it('are there', () => {
    expect(patches.length).toBeGreaterThanOrEqual(9)
  })

  it.each(patches)('$name', ({ body: text }) => {
    expect(parseFragment(text)).toEqual({
      ufrag: /a=ice-ufrag:(\S+)/.exec(text)![1],
      password: /a=ice-pwd:(\S+)/.exec(text)![1],
      mids: [/a=mid:(\S+)/.exec(text)![1]],
      candidates: expect.any(Array),
      endOfCandidates: text.includes('a=end-of-candidates'),
    })
    expect(parseFragment(text).candidates).toHaveLength(text.match(/^a=candidate:/gm)?.length ?? 0)
  })

  it('whip-whep: candidates that name their generation (IO-8)', () => {
    const { candidates } = parseFragment(body('chromium-156/whip-whep-1.2.0-publish/patch.http'))
    expect(candidates[0]).toEqual({
      foundation: '2118990415',
      component: 1,
      transport: 'udp',
      priority: 2_122_194_687,
      address: '127.0.0.1',
      port: 40_952,
      type: 'host',
      ufrag: '1vRb',
    })
  })

  it('whip-web-client: m=audio for mid 1, component 0, brackets (IO-9, IO-12)', () => {
    const fragment = parseFragment(body('chromium-156/eyevinn-whip-1.1.7-publish/patch.http'))
    expect(fragment.mids).toEqual(['1'])
    expect(fragment.candidates).toContainEqual(
      expect.objectContaining({ component: 0, address: '2001:db8::2', port: 50_596 }),
    )
  })
})

describe('what a fragment may hold (RFC 8840 §9, WHIP-74..79)', () => {
  it('its attributes stand at either level', () => {
    const inside = `a=group:BUNDLE 0\r\na=ice-lite\r\na=ice-options:trickle\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n${ufrag}${password}a=${candidate}\r\na=end-of-candidates\r\n`
    const above = `${ufrag}${password}a=end-of-candidates\r\nm=video 9 x 0\r\na=mid:0\r\na=${candidate}\r\n`
    expect(parseFragment(above)).toEqual(parseFragment(inside))
    expect(parseFragment(inside)).toMatchObject({
      ufrag: 'cLi1',
      mids: ['0'],
      endOfCandidates: true,
    })
  })

  it('needs no credentials', () => {
    expect(parseFragment(`m=audio 9 x 0\na=mid:0\na=${candidate} ufrag abcd\n`)).toEqual({
      mids: ['0'],
      candidates: [expect.objectContaining({ port: 50_123, ufrag: 'abcd' })],
      endOfCandidates: false,
    })
  })

  it.each`
    clause                                 | line
    ${'of an unknown transport (WHIP-72)'} | ${'a=candidate:1 1 sctp 1 192.0.2.9 9 typ host'}
    ${'that end too early'}                | ${'a=candidate:1 1 udp 1 192.0.2.9 9'}
    ${'that say nothing'}                  | ${'a=candidate:'}
    ${'with numbers that are none'}        | ${'a=candidate:1 1 udp x 192.0.2.9 9 typ host'}
    ${'with a port that is none'}          | ${'a=candidate:1 1 udp 1 192.0.2.9 65536 typ host'}
    ${'of another generation (WHIP-77)'}   | ${`a=${candidate} ufrag other`}
  `('candidates $clause are passed over', ({ line }) => {
    const fragment = parseFragment(
      `${ufrag}${password}m=audio 9 x 0\r\n${line}\r\na=${candidate}\r\n`,
    )
    expect(fragment.candidates).toMatchObject([{ address: '192.0.2.9', port: 50_123 }])
  })

  it('names are kept as they are, never looked up (IO-64, WHIP-73)', () => {
    const name = 'a=candidate:1 1 udp 1 4f3c-1.local 9 typ host'
    expect(parseFragment(`m=audio 9 x 0\r\n${name}\r\n`).candidates).toMatchObject([
      { address: '4f3c-1.local' },
    ])
  })
})

describe('fragments that cannot be read (WHIP-51, SEC-33)', () => {
  it.each`
    problem                            | text                                                       | message
    ${'nothing'}                       | ${''}                                                      | ${'empty'}
    ${'an m= line alone'}              | ${'m=audio 9 x 0\r\n'}                                     | ${'empty'}
    ${'a whole description (WHIP-75)'} | ${`v=0\r\n${ufrag}`}                                       | ${'no v= line'}
    ${'JSON'}                          | ${'{}'}                                                    | ${'line 1'}
    ${'a ufrag alone (WHIP-95)'}       | ${ufrag}                                                   | ${'come together'}
    ${'a password alone (WHIP-95)'}    | ${password}                                                | ${'come together'}
    ${'two ufrags'}                    | ${`${ufrag}${password}m=a 9 x 0\r\na=ice-ufrag:other\r\n`} | ${'two values'}
    ${'a short password'}              | ${`${ufrag}a=ice-pwd:short\r\n`}                           | ${'a=ice-pwd'}
    ${'a mid that is no token'}        | ${'m=audio 9 x 0\r\na=mid:a b\r\n'}                        | ${'a=mid'}
    ${'more than 16 KiB'}              | ${`${ufrag}${password}`.padEnd(16 * 1024 + 1, '\n')}       | ${'longer than 16384'}
    ${'more than 64 candidates'}       | ${`a=${candidate}\r\n`.repeat(65)}                         | ${'more than 64'}
  `('are $problem', ({ text, message }) => {
    expect(() => parseFragment(text)).toThrow(expect.objectContaining({ code: 'malformed-sdp' }))
    expect(() => parseFragment(text)).toThrow(message)
  })

  it('of just 16 KiB can be', () => {
    expect(() => parseFragment(`${ufrag}${password}`.padEnd(16 * 1024, '\n'))).not.toThrow()
  })
})
