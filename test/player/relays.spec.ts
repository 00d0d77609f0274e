import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { iceServerLinks } from '#control/http/ice-servers.ts'
import { playerModule } from '#test/support/player.ts'

const { namedRelays } = await playerModule('relays.ts')

const text = fc.string({ unit: 'grapheme-ascii' })

describe('relays that a Link field names (RFC 9725 §4.6, WHIP-137)', () => {
  it('are those that the server means, whatever their credentials contain', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ username: text, credential: text })), (credentials) => {
        const servers = credentials.map((credential, i) => {
          return { url: `turns:relay-${i}.example.org:443?transport=tcp`, ...credential }
        })
        const link = iceServerLinks(servers).join(', ')
        expect(namedRelays(link)).toEqual(
          servers.map(({ url: urls, ...rest }) => ({ urls, ...rest })),
        )
      }),
    )
  })

  it.each`
    link                                                                                           | why
    ${null}                                                                                        | ${'no field'}
    ${'<stun:stun.example.org>; rel="ice-server"'}                                                 | ${'STUN'}
    ${'<turn:a.example>; rel="ice-server"'}                                                        | ${'no credential'}
    ${'<turn:a.example>; rel="ice-server"; username="u"'}                                          | ${'half a credential'}
    ${'<turn:a.example>; rel="ice-server"; username="u"; credential="c"; credential-type="oauth"'} | ${'a credential that browsers cannot use'}
    ${'</session/1/sse>; rel="urn:x"; username="u"; credential="c"'}                               | ${'no ICE server'}
    ${'<turn:a.example>; rel="other"; username="u"; credential="c"'}                               | ${'another relation'}
    ${'<turn:a.example; rel="ice-server"; username="u"; credential='}                              | ${'cut off'}
  `('are none of $why', ({ link }) => {
    expect(namedRelays(link)).toEqual([])
  })

  it('stand among other links, with parameters in any order and case', () => {
    const link =
      '</session/1/layer>; rel="urn:ietf:params:whep:ext:core:layer", ' +
      '<turn:a.example?transport=udp>; credential="c,;\\"\\\\"; Username=u ;rel="ice-server preload", ' +
      '<stun:b.example>; rel=ice-server, ' +
      '<turn:c.example>; crossorigin; rel=ice-server; username=v; credential=d'
    expect(namedRelays(link)).toEqual([
      { urls: 'turn:a.example?transport=udp', username: 'u', credential: 'c,;"\\' },
      { urls: 'turn:c.example', username: 'v', credential: 'd' },
    ])
  })

  it('are found, or not, in any text', () => {
    fc.assert(fc.property(fc.string(), (link) => Array.isArray(namedRelays(link))))
  })
})
