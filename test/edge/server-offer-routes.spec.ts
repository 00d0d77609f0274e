import type { InjectOptions } from 'fastify'
import { describe, expect, it } from 'vitest'
import { Permissions } from '#control/permissions.ts'
import { principalOf } from '#control/principal.ts'
import { ServiceError } from '#core/errors.ts'
import {
  FakeMedia,
  fakeServer,
  goodPatch,
  goodPost,
  sessionId,
  tag,
  unansweredId,
} from '#test/support/http.ts'

const watch = { ...goodPost, url: '/whep/main', headers: { 'content-type': 'application/sdp' } }
const answer = {
  method: 'PATCH',
  url: `/session/${sessionId}`,
  headers: { 'content-type': 'application/sdp' },
  payload: 'v=0\r\n',
} satisfies InjectOptions

/** 2024-10-09T10:00:00Z, the example of the draft. */
const validUntil = 1_728_468_000_000

describe('a counter-offer (draft-ietf-wish-whep §4.3.2)', () => {
  it('is 406 with SDP, how long it counts, the session and its tag (WHEP-21, 23, 35, 69)', async () => {
    const media = new FakeMedia()
    media.counterOffer = { validUntil }
    const app = await fakeServer({ media, iceServers: [{ url: 'stun:a' }] })
    const response = await app.inject(watch)
    expect(response.statusCode).toBe(406)
    expect(response.body).toBe('v=0\r\n')
    expect(response.headers).toMatchObject({
      'content-type': 'application/sdp; valid-until="Wed, 09 Oct 2024 10:00:00 GMT"',
      'content-length': '5',
      location: `/session/${sessionId}`,
      etag: tag,
      'accept-patch': 'application/sdp, application/trickle-ice-sdpfrag',
      'cache-control': 'no-store',
      link: ['<stun:a>; rel="ice-server"'],
    })
  })

  it('can be read by a page of another origin (WHEP-44)', async () => {
    const media = new FakeMedia()
    media.counterOffer = { validUntil }
    const app = await fakeServer({ media })
    const headers = { ...watch.headers, origin: 'https://player.example' }
    const response = await app.inject({ ...watch, headers })
    expect(response.headers['access-control-allow-origin']).toBe('*')
    const exposed = String(response.headers['access-control-expose-headers']).toLowerCase()
    // Content-Type needs no exposure: every response's may be read.
    expect(exposed.split(/, */)).toEqual(expect.arrayContaining(['location', 'link', 'etag']))
  })
})

describe('an empty POST to a WHEP endpoint (WHEP-37, IO-10)', () => {
  it.each`
    what                | headers
    ${'with the type'}  | ${{ 'content-type': 'application/sdp' }}
    ${'without a type'} | ${{}}
  `('$what is answered with 201 and our offer', async ({ headers }) => {
    const media = new FakeMedia()
    const app = await fakeServer({ media })
    const response = await app.inject({ method: 'POST', url: '/whep/main', headers })
    expect(response.statusCode).toBe(201)
    expect(response.body).toBe('v=0\r\n')
    expect(response.headers).toMatchObject({
      'content-type': 'application/sdp',
      location: `/session/${sessionId}`,
      etag: tag,
      'accept-patch': 'application/sdp, application/trickle-ice-sdpfrag',
    })
    expect(media.offers).toEqual([])
    expect(media.invitations).toEqual([
      {
        name: { tenant: 'default', stream: 'main' },
        principal: principalOf(undefined),
        userAgent: 'lightMyRequest',
        address: '127.0.0.1',
        receivedAt: 1000,
      },
    ])
  })

  it.each`
    why                  | request                                                             | status
    ${'of another type'} | ${{ headers: { 'content-type': 'application/json' }, payload: '' }} | ${415}
    ${'compressed'}      | ${{ headers: { ...watch.headers, 'content-encoding': 'gzip' } }}    | ${415}
    ${'to WHIP'}         | ${{ url: '/whip/main', headers: goodPost.headers, payload: '' }}    | ${400}
  `('$why is refused with $status', async ({ request, status }) => {
    const media = new FakeMedia()
    const app = await fakeServer({ media })
    const response = await app.inject({ ...watch, payload: '', ...request })
    expect(response.statusCode).toBe(status)
    expect(media.invitations).toEqual([])
  })

  it('needs the same token as an offer (WHEP-70)', async () => {
    const authority = new Permissions({
      publishKeys: [],
      playTokens: ['play-1'],
      allowAnonymousPublish: false,
    })
    const app = await fakeServer({ authority })
    expect((await app.inject({ ...watch, payload: '' })).statusCode).toBe(401)
    const headers = { ...watch.headers, authorization: 'play-1' }
    expect((await app.inject({ ...watch, headers, payload: '' })).statusCode).toBe(201)
  })
})

describe('the answer to our offer, by PATCH (WHEP-26..28, 31, 33, 34, 60)', () => {
  const waiting = (take: (sdp: string) => void = () => {}) => {
    const media = new FakeMedia()
    media.token = 'none'
    media.become({ answer: take })
    return media
  }

  it('is answered with 204, without If-Match and whatever its token’s spelling', async () => {
    const taken: string[] = []
    const media = waiting((sdp) => taken.push(sdp))
    const app = await fakeServer({ media })
    // `@eyevinn/webrtc-player` sends its raw token, if it has one.
    const response = await app.inject({
      ...answer,
      headers: { ...answer.headers, authorization: 'none' },
    })
    expect([response.statusCode, response.body]).toEqual([204, ''])
    expect(taken).toEqual(['v=0\r\n'])
  })

  it.each`
    code                     | status
    ${'malformed-sdp'}       | ${400}
    ${'unacceptable-answer'} | ${422}
    ${'no-common-codec'}     | ${422}
  `('that is refused as $code gets $status and says why', async ({ code, status }) => {
    const media = waiting(() => {
      throw new ServiceError(code, 'for a reason')
    })
    const app = await fakeServer({ media })
    const response = await app.inject(answer)
    expect(response.statusCode).toBe(status)
    expect(response.json()).toMatchObject({ code, detail: 'for a reason' })
  })

  it.each`
    clause                              | media              | request                                  | status
    ${'an empty one'}                   | ${waiting()}       | ${{ payload: '' }}                       | ${400}
    ${'candidates before it (WHEP-60)'} | ${waiting()}       | ${{ headers: goodPatch.headers }}        | ${409}
    ${'one that nobody asked for (33)'} | ${new FakeMedia()} | ${{}}                                    | ${409}
    ${'one that comes too late (31)'}   | ${new FakeMedia()} | ${{ url: `/session/${unansweredId}` }}   | ${410}
    ${'one for no session of ours'}     | ${new FakeMedia()} | ${{ url: `/session/${'A'.repeat(22)}` }} | ${404}
  `('$clause is refused with $status', async ({ media, request, status }) => {
    const app = await fakeServer({ media })
    expect((await app.inject({ ...answer, ...request })).statusCode).toBe(status)
  })
})
