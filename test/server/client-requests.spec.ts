import { describe, expect, it } from 'vitest'
import { Permissions } from '#control/permissions.ts'
import { FakeMedia, fakeServer, recordedRequest } from '#test/support/http.ts'

/** A server that knows the tokens of the captures. */
async function server(media: FakeMedia) {
  const authority = new Permissions({
    publishKeys: ['obs-tok', 's3cr3t-token', 'tok-ey', 'tok-medooze'],
    playTokens: [],
    allowAnonymousPublish: false,
  })
  return fakeServer({ media, authority })
}

describe('requests as real clients sent them', () => {
  it.each`
    status | name                               | token
    ${201} | ${'obs-32.2.2-post'}               | ${'obs-tok'}
    ${200} | ${'obs-32.2.2-delete'}             | ${'obs-tok'}
    ${201} | ${'ffmpeg-9.0.2-post'}             | ${'s3cr3t-token'}
    ${200} | ${'ffmpeg-9.0.2-delete'}           | ${'s3cr3t-token'}
    ${200} | ${'eyevinn-whip-1.1.7-options'}    | ${'tok-ey'}
    ${201} | ${'eyevinn-whip-1.1.7-post'}       | ${'tok-ey'}
    ${204} | ${'eyevinn-whip-1.1.7-patch'}      | ${'tok-ey'}
    ${200} | ${'eyevinn-whip-1.1.7-delete'}     | ${'tok-ey'}
    ${200} | ${'chromium-156-preflight-post'}   | ${'tok-medooze'}
    ${200} | ${'chromium-156-preflight-patch'}  | ${'tok-medooze'}
    ${412} | ${'whip-whep-1.2.0-publish-patch'} | ${'tok-medooze'}
    ${412} | ${'firefox-159-publish-patch'}     | ${'tok-medooze'}
    ${201} | ${'whip-whep-1.2.0-view-post'}     | ${'tok-v'}
    ${204} | ${'whip-whep-1.2.0-view-patch'}    | ${'tok-v'}
    ${200} | ${'whip-whep-1.2.0-view-delete'}   | ${'tok-v'}
    ${201} | ${'eyevinn-player-0.13.0-post'}    | ${'none'}
    ${200} | ${'eyevinn-player-0.13.0-delete'}  | ${'none'}
  `('$name is answered with $status', async ({ status, name, token }) => {
    const media = new FakeMedia()
    media.token = token
    const app = await server(media)
    const request = recordedRequest(name)
    const response = await app.inject(request)
    expect(response.statusCode).toBe(status)
    const taken = [...media.offers.map(({ offer }) => offer), ...media.fragments]
    expect(taken).toEqual(status === 201 || status === 204 ? [request.payload] : [])
  })

  // The tag of the capture's own server was "0123456789ab"; ours is another.
  it.each(['whip-whep-1.2.0-publish-patch', 'firefox-159-publish-patch'])(
    '%s is answered with 204 once its tag is ours',
    async (name) => {
      const media = new FakeMedia()
      media.token = 'tok-medooze'
      const request = recordedRequest(name)
      const app = await server(media)
      const headers = { ...request.headers, 'if-match': '"1"' }
      expect((await app.inject({ ...request, headers })).statusCode).toBe(204)
      expect(media.fragments[0]).toMatch(/^a=ice-ufrag:/)
    },
  )

  it('@eyevinn/whip-web-client learns from OPTIONS that it may trickle (IO-9)', async () => {
    const app = await server(new FakeMedia())
    const response = await app.inject(recordedRequest('eyevinn-whip-1.1.7-options'))
    expect(response.headers['access-control-allow-methods']).toContain('PATCH')
  })
})
