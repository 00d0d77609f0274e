import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { parseConformanceArguments } from '#conformance/arguments.ts'
import { tryServer } from '#conformance/run.ts'
import type { Row } from '#conformance/runner.ts'

let server: Server | undefined
afterEach(async () => {
  server?.closeAllConnections()
  server?.close()
  server = undefined
})

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function tried(...args: string[]): Promise<Row[]> {
  const command = parseConformanceArguments([...args, '--rate', '100', '--timeout', '0.2'])
  if (command.kind === 'help') throw new Error('help was not asked for')
  return tryServer(command, () => {}, new AbortController().signal)
}

function clausesWith(rows: readonly Row[], verdict: Row['verdict'], level: Row['level']): string[] {
  const found = rows.filter((row) => row.verdict === verdict && row.level === level)
  return [...new Set(found.map(({ clause }) => clause))]
}

/** An answer that breaks every rule but the grammar. */
const wrongAnswer = `v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
m=audio 9 UDP/TLS/RTP/SAVPF 0
a=mid:7
a=inactive
a=setup:actpass
a=ice-ufrag:abcd
a=ice-pwd:0123456789012345678901
a=fingerprint:md5 00:11
a=rtpmap:0 PCMU/8000
`

const wrong: RequestListener = (request, response) => {
  const { method = '' } = request
  request.resume()
  if (method === 'POST') {
    response.writeHead(201, { 'content-type': 'text/plain', location: 'here', etag: 'W/"1"' })
    response.end(wrongAnswer)
  } else if (method === 'PATCH') response.writeHead(200, { etag: 'W/"1"' }).end(wrongAnswer)
  else if (method === 'GET') response.writeHead(200).end('hello')
  else response.writeHead(405).end()
}

describe('a server that does everything wrong', () => {
  it('fails the MUSTs that can be seen of WHIP', async () => {
    const rows = await tried('--whip', await serve(wrong))
    const numbers = [4, 5, 13, 16, 17, 23, 28, 30, 37, 44, 50, 51, 63, 68, 71, 72, 73, 96, 98]
    expect(clausesWith(rows, 'fail', 'MUST')).toEqual(
      expect.arrayContaining(numbers.map((number) => `WHIP-${number}`)),
    )
    // There is a Location, and any offer whatever gets its 201.
    expect(clausesWith(rows, 'pass', 'MUST')).toEqual(['WHIP-12', 'WHIP-14', 'WHIP-61'])
  })

  it('fails those of WHEP', async () => {
    const rows = await tried('--whep', await serve(wrong))
    const numbers = [3, 11, 13, 16, 34, 41, 43, 47, 50, 53, 54, 61, 64]
    expect(clausesWith(rows, 'fail', 'MUST')).toEqual(
      expect.arrayContaining(numbers.map((number) => `WHEP-${number}`)),
    )
    expect(clausesWith(rows, 'pass', 'MUST')).toEqual(['WHEP-11', 'WHEP-46'])
  })

  it('fails no policy of ours', async () => {
    const rows = await tried('--whip', await serve(wrong))
    const bound = rows.filter(({ level }) => level === 'policy' || level === 'practice')
    expect(bound.length).toBeGreaterThan(20)
    expect(bound.filter(({ verdict }) => verdict === 'fail')).toEqual([])
    expect(bound.filter(({ verdict }) => verdict === 'differs').length).toBeGreaterThan(10)
  })
})

const gibberish =
  (location: string): RequestListener =>
  (request, response) => {
    request.resume()
    const headers = {
      'content-type': 'application/sdp; valid-until="never"',
      location,
      etag: '"\u00ff',
      link: [
        '<http://>; rel="urn:ietf:params:whep:ext:core:server-sent-events"; events=",,"',
        '<http://[>;rel="urn:ietf:params:whep:ext:core:layer", <<>>;;;="',
      ],
      'retry-after': 'soon',
      'access-control-allow-origin': 'null, *',
    }
    const status = { POST: 201, PATCH: 200, DELETE: 999, GET: 226 }[request.method ?? ''] ?? 207
    response.writeHead(status, headers)
    response.end('v=0\r\nm=\r\na=extmap\r\na=rtpmap:\r\nm=video 0\r\na=group:BUNDLE\r\n\u0000')
  }

describe('a server that talks nonsense', { timeout: 20_000 }, () => {
  it.each(['http://', '/a', 'x:y'])('is heard out where Location is %s', async (location) => {
    const origin = await serve(gibberish(location))
    const rows = [...(await tried('--whip', origin)), ...(await tried('--whep', origin))]
    expect(rows.length).toBeGreaterThan(200)
  })
})

describe('a server that is not there', { timeout: 20_000 }, () => {
  it.each`
    what                      | listener
    ${'nothing is answered'}  | ${() => {}}
    ${'connections are shut'} | ${(request: { socket: { destroy(): void } }) => request.socket.destroy()}
  `('passes nothing where $what, and soon', async ({ listener }) => {
    const origin = await serve(listener)
    const rows = await tried('--whip', origin, '--whep', origin)
    expect(new Set(rows.map(({ verdict }) => verdict))).toEqual(new Set(['fail', 'not seen']))
    const last = rows.filter(({ evidence }) => evidence === 'the server does not answer any more')
    expect(last.length).toBeGreaterThan(150)
  })
})
