import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { hex } from '#test/support/bytes.ts'
import { IceLite, routingUfrag } from '#webrtc/ice-lite.ts'
import type { IceReaction } from '#webrtc/ice-reaction.ts'
import { parseStun } from '#webrtc/stun.ts'
import { attributes, FullAgent, here, pathFrom, there } from './full-agent.ts'
import { stunMessage } from './stun-message.ts'

const overIpv6 = pathFrom('2001:db8::7', 40_000)

let agent: FullAgent
beforeEach(() => {
  agent = new FullAgent()
})

describe('credentials (RFC 8445 §5.3, ICE-11, ICE-12)', () => {
  const many = Array.from({ length: 200 }, () => new IceLite({ now: 0 }))

  it('are ICE characters, enough of them for 64 and 128 random bits', () => {
    for (const { localUfrag, localPassword } of many) {
      expect(localUfrag).toMatch(/^[A-Za-z0-9+/]{11,256}$/)
      expect(localPassword).toMatch(/^[A-Za-z0-9+/]{22,256}$/)
    }
  })

  it('differ from session to session', () => {
    expect(new Set(many.flatMap((one) => [one.localUfrag, one.localPassword])).size).toBe(400)
  })

  it('route a check by the part of its username before the colon (ICE-36)', () => {
    expect(routingUfrag(parseStun(agent.request())!)).toBe(agent.ice.localUfrag)
    expect(routingUfrag(parseStun(stunMessage({}))!)).toBeUndefined()
  })
})

describe('a valid check (RFC 8445 §7.3)', () => {
  it.each`
    family    | path
    ${'IPv4'} | ${here}
    ${'IPv6'} | ${overIpv6}
  `('is answered with the $family address it came from (ICE-39..41)', ({ path }) => {
    const transactionId = randomBytes(12)
    const reply = agent.read(agent.send(agent.request({ transactionId }), path))
    expect(reply).toEqual({
      class: 'success',
      method: 1,
      transactionId,
      mappedAddress: { address: path.remoteAddress, port: path.remotePort },
      useCandidate: false,
      integrityOffset: expect.any(Number),
      fingerprint: true,
      unknownRequired: [],
    })
  })

  it('is answered alike when it comes again (ICE-54)', () => {
    const datagram = agent.request()
    const first = agent.send(datagram)
    expect(agent.send(datagram)).toEqual({ ...first, newPath: false })
  })

  it('proves its path, and no other (ICE-49, ICE-58)', () => {
    expect(agent.ice.verified(here)).toBe(false)
    expect(agent.check(here)).toMatchObject({ newPath: true, nominated: false })
    expect(agent.check(here)).toMatchObject({ newPath: false })
    expect(agent.ice.verified({ ...here })).toBe(true)
    expect(agent.ice.verified(there)).toBe(false)
    expect(agent.ice.verified({ ...here, localAddress: '203.0.113.6' })).toBe(false)
  })

  it.each`
    what                                         | given
    ${'no PRIORITY, which ffmpeg 8 never sends'} | ${'802a0008 0000000000000001'}
    ${'no role (ICE-46)'}                        | ${'00240004 00000001'}
    ${'the role of the controlling (ICE-45)'}    | ${'00240004 00000001 802a0008 0000000000000000'}
    ${'attributes of libwebrtc (ICE-21)'}        | ${'00240004 00000001 c0570004 00010032'}
  `('may have $what', ({ given }) => {
    expect(agent.read(agent.send(agent.request({ attributes: hex(given) })))).toMatchObject({
      class: 'success',
    })
  })

  it("may name any ufrag as the peer's, for its SDP may not be known yet (ICE-35, ICE-40)", () => {
    const datagram = agent.request({ username: `${agent.ice.localUfrag}:` })
    expect(agent.read(agent.send(datagram))).toMatchObject({ class: 'success' })
  })
})

describe('silence (ICE-36..38, ICE-43, ICE-52, ICE-53, ICE-90)', () => {
  it.each`
    what                      | parts                                                      | reason
    ${'an indication'}        | ${() => ({ type: 0x0011 })}                                | ${'not-a-request'}
    ${'a success response'}   | ${() => ({ type: 0x0101 })}                                | ${'not-a-request'}
    ${'an error response'}    | ${() => ({ type: 0x0111 })}                                | ${'not-a-request'}
    ${'another method'}       | ${() => ({ type: 0x0003 })}                                | ${'not-a-request'}
    ${'no fingerprint'}       | ${() => ({ fingerprint: false })}                          | ${'no-fingerprint'}
    ${'no username'}          | ${() => ({ username: undefined })}                         | ${'no-credentials'}
    ${'no integrity'}         | ${() => ({ password: undefined })}                         | ${'no-credentials'}
    ${'another ufrag'}        | ${() => ({ username: 'AAAAAAAAAAAA:theirs' })}             | ${'unknown-ufrag'}
    ${'our ufrag alone'}      | ${() => ({ username: agent.ice.localUfrag })}              | ${'unknown-ufrag'}
    ${'more than our ufrag'}  | ${() => ({ username: `${agent.ice.localUfrag}x:theirs` })} | ${'unknown-ufrag'}
    ${'our ufrag at the end'} | ${() => ({ username: `theirs:${agent.ice.localUfrag}` })}  | ${'unknown-ufrag'}
    ${'another password'}     | ${() => ({ password: 'a'.repeat(24) })}                    | ${'bad-integrity'}
  `('meets $what', ({ parts, reason }) => {
    expect(agent.send(agent.request(parts()))).toEqual({ kind: 'drop', reason })
    expect(agent.ice.selected).toBeUndefined()
    expect(agent.ice.verified(here)).toBe(false)
    expect(agent.ice.nextTimeout).toBe(15_000)
  })

  it('meets a source that cannot be answered (ICE-99)', () => {
    const reaction = agent.send(agent.request(), pathFrom('198.51.100.7', 0))
    expect(reaction).toEqual({ kind: 'drop', reason: 'bad-source' })
  })
})

describe('errors, for the peer alone', () => {
  it('487 to a peer that says it is controlled: a lite agent keeps its role (ICE-44)', () => {
    for (const tieBreaker of ['0000000000000000', 'ffffffffffffffff']) {
      const controlled = hex(`00240004 00000001 80290008 ${tieBreaker} 00250000`)
      const reaction = agent.send(agent.request({ attributes: controlled }))
      expect(agent.read(reaction)).toMatchObject({ class: 'error', errorCode: 487 })
      expect(reaction).toMatchObject({ nominated: false, newPath: false })
    }
    expect(agent.ice.selected).toBeUndefined()
  })

  it('420 for what must be understood and is not, with the names (ICE-19)', () => {
    const unknown = Buffer.concat([attributes({}), hex('7f000000 7f010000')])
    const reaction = agent.send(agent.request({ attributes: unknown }))
    expect(agent.read(reaction)).toMatchObject({ class: 'error', errorCode: 420 })
    const { datagram } = reaction as Extract<IceReaction, { kind: 'reply' }>
    expect(datagram.includes(hex('000a0004 7f007f01'))).toBe(true)
    expect(agent.ice.verified(here)).toBe(false)
  })
})

describe('any attributes (ICE-101)', () => {
  it('get an answer or none, never an exception', () => {
    const words = fc.array(fc.uint8Array({ minLength: 4, maxLength: 4 }), { maxLength: 12 })
    fc.assert(
      fc.property(words, (body) => {
        const datagram = agent.request({ attributes: Buffer.concat(body) })
        const message = parseStun(datagram)
        if (message) agent.ice.receive(message, datagram, here, 0)
      }),
    )
  })
})
