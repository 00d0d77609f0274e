import { describe, expect, it } from 'vitest'
import { iceServerLinks } from '#control/http/ice-servers.ts'

describe('ice-server links (RFC 9725 §4.6)', () => {
  it('are as the RFC prints them', () => {
    expect(
      iceServerLinks([
        { url: 'stun:stun.example.net' },
        {
          url: 'turn:turn.example.net?transport=udp',
          username: 'user',
          credential: 'myPassword',
        },
      ]),
    ).toEqual([
      '<stun:stun.example.net>; rel="ice-server"',
      '<turn:turn.example.net?transport=udp>; rel="ice-server"; username="user"; ' +
        'credential="myPassword"; credential-type="password"',
    ])
  })

  it('escape what would end a quoted string (RFC 9110 §5.6.4)', () => {
    const [link] = iceServerLinks([{ url: 'turn:a', username: 'a"b', credential: 'c\\d' }])
    expect(link).toContain(String.raw`username="a\"b"; credential="c\\d"`)
  })
})
