import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { HttpClient } from '#load/http-client.ts'
import { deleteSession, postOffer, SignallingError } from '#load/http-signalling.ts'

const offer = 'v=0\r\no=offer\r\n'
const answer = 'v=0\r\no=answer\r\n'

interface Seen {
  readonly method: string
  readonly url: string
  readonly authorization: string | undefined
  readonly body: string
}

describe('WHIP and WHEP over HTTP', () => {
  const servers: Server[] = []
  const seen: Seen[] = []
  const http = new HttpClient()
  afterAll(() => http.close())
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
    seen.length = 0
  })

  async function serve(reply: (seen: Seen, response: ServerResponse) => void): Promise<string> {
    const server = createServer((request, response) => {
      void read(request).then((what) => {
        seen.push(what)
        reply(what, response)
      })
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  const post = (url: string) => postOffer(offer, { http, url, token: 'secret', userAgent: 'test' })
  const created = (response: ServerResponse, location: string) => {
    response.writeHead(201, { 'content-type': 'application/sdp', location }).end(answer)
  }

  it.each`
    location                   | deletes
    ${'/session/1'}            | ${'/session/1'}
    ${'session/1'}             | ${'/whip/session/1'}
    ${'http://other.test/s/1'} | ${'http://other.test/s/1'}
  `('names the session by Location $location', async ({ location, deletes }) => {
    const origin = await serve((_, response) => created(response, location))
    const session = await post(`${origin}/whip/a`)
    expect(session).toEqual({ answer, location: new URL(deletes, origin).href })
    expect(seen).toEqual([
      { method: 'POST', url: '/whip/a', authorization: 'Bearer secret', body: offer },
    ])
  })

  it('follows 307 to another host with method, body and token (INTEROP IO-4)', async () => {
    const target = await serve((_, response) => created(response, '/session/1'))
    const origin = await serve((_, response) => {
      response.writeHead(307, { location: `${target}/whip/b` }).end()
    })
    const { location } = await post(`${origin}/whip/a`)
    expect(location).toBe(`${target}/session/1`)
    expect(seen[1]).toEqual({ ...seen[0], url: '/whip/b' })
    expect(seen[1]!.authorization).toBe('Bearer secret')
  })

  it.each`
    status | headers                   | body                            | reason                  | words
    ${401} | ${{}}                     | ${'{"detail":"no such token"}'} | ${'http 401'}           | ${/answered 401: no such token$/}
    ${503} | ${{ 'retry-after': '7' }} | ${'{"title":"Full"}'}           | ${'http 503'}           | ${/answered 503: Full$/}
    ${404} | ${{}}                     | ${'nothing here'}               | ${'http 404'}           | ${/answered 404: nothing here$/}
    ${500} | ${{}}                     | ${''}                           | ${'http 500'}           | ${/answered 500: Internal Server Error$/}
    ${302} | ${{ location: '/x' }}     | ${''}                           | ${'http 302'}           | ${/answered 302: Found$/}
    ${200} | ${{ location: '/x' }}     | ${answer}                       | ${'http 200'}           | ${/answered 200/}
    ${201} | ${{}}                     | ${answer}                       | ${'bad answer'}         | ${/without a Location$/}
    ${201} | ${{ location: '/x' }}     | ${'<html>'}                     | ${'bad answer'}         | ${/no SDP answer$/}
    ${307} | ${{}}                     | ${''}                           | ${'bad answer'}         | ${/without a Location$/}
    ${307} | ${{ location: '/again' }} | ${''}                           | ${'too many redirects'} | ${/without end$/}
  `('says "$reason" of $status with $headers', async ({ status, headers, body, reason, words }) => {
    const origin = await serve((_, response) => response.writeHead(status, headers).end(body))
    const error = await post(origin).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(SignallingError)
    expect(error).toMatchObject({ reason, message: expect.stringMatching(words) })
    if (status === 503) expect(error).toMatchObject({ retryAfter: 7 })
  })

  it('says that nobody is there', async () => {
    const origin = await serve(() => {})
    servers.pop()!.close()
    await expect(post(origin)).rejects.toMatchObject({ reason: 'unreachable' })
  })

  it('can be stopped', async () => {
    const stopping = new AbortController()
    const url = await serve(() => stopping.abort())
    const posting = postOffer(offer, { http, url, userAgent: 'test', signal: stopping.signal })
    await expect(posting).rejects.toMatchObject({ reason: 'stopped' })
    servers[0]!.closeAllConnections()
  })

  it('deletes with the token, whatever the server says', async () => {
    const origin = await serve((_, response) => response.writeHead(404).end())
    const options = { http, url: origin, token: 'secret', userAgent: 'test' }
    await deleteSession(`${origin}/session/1`, options)
    expect(seen).toEqual([
      { method: 'DELETE', url: '/session/1', authorization: 'Bearer secret', body: '' },
    ])
    servers.pop()!.close()
    await deleteSession(`${origin}/session/1`, options)
  })
})

async function read(request: IncomingMessage): Promise<Seen> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const { method = '', url = '', headers } = request
  return {
    method,
    url,
    authorization: headers.authorization,
    body: Buffer.concat(parts).toString(),
  }
}
