import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { iceLinks, sessionLinks } from '#control/http/session-links.ts'
import { TurnCredentials, turnPassword } from '#control/http/turn-credentials.ts'

const secret = 'north-star-secret'
const wall = 1_699_996_400_000
const clock = { now: () => 0, wall: () => wall }
const turn = new TurnCredentials({
  urls: ['turn:turn.example.org:3478?transport=udp', 'turns:turn.example.org:5349?transport=tcp'],
  secret,
  lifetime: 3600,
})

describe('TURN REST credentials', () => {
  it('have the password of the vector (SEC-53)', () => {
    expect(turnPassword(secret, '1700000000:alice')).toBe('ZANVpdvVC/ZQx9/5ZfGNc4Drg44=')
  })

  it('make the long-term key of the vector (SEC-54)', () => {
    const password = turnPassword(secret, '1700000000:alice')
    const key = createHash('md5').update(`1700000000:alice:example.org:${password}`).digest('hex')
    expect(key).toBe('dd4dd7b493a0511b52431ada93fcb74f')
  })

  it('name the second of their end and a digest of their owner (SEC-52)', () => {
    const servers = turn.servers('AAECAwQFBgcICQoLDA0ODw', wall)
    expect(servers.map(({ url }) => url)).toEqual([
      'turn:turn.example.org:3478?transport=udp',
      'turns:turn.example.org:5349?transport=tcp',
    ])
    const { username = '', credential } = servers[0]!
    expect(username).toMatch(/^1700000000:[\w-]{16}$/)
    expect(username).not.toContain('AAECAwQFBgcICQoL')
    expect(credential).toBe(turnPassword(secret, username))
    expect(turn.servers('another', wall)[0]?.username).not.toBe(username)
  })
})

describe('Link fields of a session (RFC 9725 §4.6, SEC-59)', () => {
  it('quote the credential, base64 and all', () => {
    const [link] = iceLinks({ clock, iceServers: [], turn }, 'a')
    const { username, credential } = turn.servers('a', wall)[0]!
    expect(link).toBe(
      '<turn:turn.example.org:3478?transport=udp>; rel="ice-server"; ' +
        `username="${username}"; credential="${credential}"; credential-type="password"`,
    )
  })

  it('are those of servers, then those of extensions', () => {
    const services = { clock, iceServers: [{ url: 'stun:a' }], turn }
    const links = sessionLinks(services, { id: 'a', links: ['</session/a/sse>; rel="b"'] })
    expect(links).toHaveLength(4)
    expect([links[0], links[3]]).toEqual([
      '<stun:a>; rel="ice-server"',
      '</session/a/sse>; rel="b"',
    ])
    expect(sessionLinks({ clock, iceServers: [] }, { id: 'a' })).toEqual([])
  })
})
