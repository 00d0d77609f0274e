import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Viewing } from '#test/support/media-page.ts'
import { Stage, stageUnavailable } from '#test/support/stage.ts'

const offers = join(import.meta.dirname, '..', 'fixtures', 'sdp', 'chromium-156')
const watching = readFileSync(join(offers, 'offer-recvonly.gathered.sdp'), 'utf8')
const publishing = readFileSync(join(offers, 'offer-sendonly.gathered.sdp'), 'utf8')
const sdp = 'application/sdp'
/** An answer, or an offer in place of it: either way there is a session. */
const sessions = [201, 406]

describe('a bad request while somebody watches', () => {
  const missing = stageUnavailable()
  let stage: Stage
  let viewing: Viewing

  beforeAll(async () => {
    if (missing) return
    stage = await Stage.open()
    const publisher = await stage.obs('calm')
    const { clock } = stage.media
    viewing = await stage.view('calm', { clock, scale: publisher.clock })
    await viewing.live()
    await viewing.mark()
  })
  beforeEach(({ skip }) => {
    if (missing) skip(missing)
  })
  afterAll(async () => {
    await stage?.close()
  })

  async function send(
    method: string,
    path: string,
    { type = sdp, key, body, tag }: Partial<Record<'type' | 'key' | 'body' | 'tag', string>> = {},
  ): Promise<number> {
    const headers: Record<string, string> = body === undefined ? {} : { 'content-type': type }
    if (key !== undefined) headers.authorization = `Bearer ${key}`
    if (tag !== undefined) headers['if-match'] = tag
    const url = new URL(path, stage.server.origin)
    const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) })
    const text = await response.text()
    // A session nobody will use counts against this address while it waits for its peer.
    if (sessions.includes(response.status)) await send('DELETE', response.headers.get('location')!)
    if (response.status >= 400 && response.status !== 406 && text !== '') {
      expect(response.headers.get('content-type')).toContain('application/problem+json')
      expect(JSON.parse(text)).toMatchObject({ status: response.status })
    }
    return response.status
  }

  it.each`
    what                                    | status | method     | path                            | options
    ${'an offer that is no SDP'}            | ${400} | ${'POST'}  | ${'/whep/calm'}                 | ${{ body: 'hello' }}
    ${'an empty offer'}                     | ${400} | ${'POST'}  | ${'/whip/other'}                | ${{ body: '', key: 'e2e-publish-key' }}
    ${'an offer of binary rubbish'}         | ${400} | ${'POST'}  | ${'/whep/calm'}                 | ${{ body: '\0\xff\x01'.repeat(500) }}
    ${'an offer of a megabyte'}             | ${413} | ${'POST'}  | ${'/whep/calm'}                 | ${{ body: watching + 'a=x\r\n'.repeat(200_000) }}
    ${'an offer of another type'}           | ${415} | ${'POST'}  | ${'/whep/calm'}                 | ${{ body: '{}', type: 'application/json' }}
    ${'a name of a stream that is no name'} | ${400} | ${'POST'}  | ${'/whep/NO%20NAME'}            | ${{ body: watching }}
    ${'a stream that nobody publishes'}     | ${409} | ${'POST'}  | ${'/whep/nobody'}               | ${{ body: watching }}
    ${'publishing without a key'}           | ${401} | ${'POST'}  | ${'/whip/other'}                | ${{ body: publishing }}
    ${'publishing with a wrong key'}        | ${401} | ${'POST'}  | ${'/whip/other'}                | ${{ body: publishing, key: 'not-the-key' }}
    ${'a fragment for no session'}          | ${404} | ${'PATCH'} | ${`/session/${'A'.repeat(22)}`} | ${{ body: 'a=ice-ufrag:x\r\n', type: 'application/trickle-ice-sdpfrag' }}
    ${'a method that is not offered'}       | ${405} | ${'PUT'}   | ${'/whep/calm'}                 | ${{ body: watching }}
  `('with $what is answered $status', async ({ status, method, path, options }) => {
    expect(await send(method, path, options)).toBe(status)
  })

  it('with a wrong tag or type on a real session is refused, and the session stays', async () => {
    const { session } = await viewing.report()
    const body = 'a=ice-ufrag:nope\r\na=ice-pwd:nopenopenopenopenopenope\r\n'
    const fragment = 'application/trickle-ice-sdpfrag'
    expect(await send('PATCH', session, { body, type: fragment, tag: '"wrong"' })).toBe(412)
    expect(await send('PATCH', session, { body: '{}', type: 'application/json' })).toBe(415)
  })

  it('with an offer cut short or with lines missing never is a failure of ours', async () => {
    const lines = watching.split('\r\n')
    const cut = Array.from({ length: 60 }, (_, index) =>
      watching.slice(0, Math.floor((watching.length * index) / 60)),
    )
    const thinned = lines.map((_, index) => lines.toSpliced(index, 1).join('\r\n'))
    for (const body of [...cut, ...thinned]) {
      const status = await send('POST', '/whep/calm', { body })
      expect([201, 400, 406, 422], body).toContain(status)
    }
  })

  it('leaves the picture as it was', async () => {
    const report = await viewing.moreFrames(30)
    expect(report.state).toBe('connected')
  })
})
