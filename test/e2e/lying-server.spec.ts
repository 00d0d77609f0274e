import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Caller } from '#conformance/caller.ts'
import { endChecks } from '#conformance/end-checks.ts'
import { restartChecks } from '#conformance/restart-checks.ts'
import { runChecks } from '#conformance/runner.ts'
import { checksOf } from '#conformance/shared.ts'
import { Trial } from '#conformance/trial.ts'
import { createClientContext } from '#load/client-connection.ts'
import { ServerProcess } from '#test/support/server-process.ts'

const type = 'application/trickle-ice-sdpfrag'
const invented =
  'a=ice-lite\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:invented\r\n' +
  'a=ice-pwd:inventedinventedinvented\r\na=candidate:1 1 udp 2130706431 192.0.2.1 9 typ host\r\n'

/** Passes requests on, but for what it only says it has done: the end of a session, a restart. */
async function lie(origin: string, request: IncomingMessage, response: ServerResponse) {
  const { method = '', url = '', headers } = request
  const body = await buffer(request)
  if (method === 'DELETE') {
    response.writeHead(200).end()
  } else if (method === 'PATCH' && headers['if-match'] === '*') {
    response.writeHead(200, { etag: '"invented"', 'content-type': type }).end(invented)
  } else {
    const { 'content-type': contentType, authorization } = headers
    const answered = await fetch(`${origin}${url}`, {
      method,
      headers: {
        ...(contentType !== undefined && { 'content-type': contentType }),
        ...(authorization !== undefined && { authorization }),
      },
      ...(body.length > 0 && { body }),
    })
    const text = await answered.text()
    response.writeHead(answered.status, Object.fromEntries(answered.headers)).end(text)
  }
}

describe('a server that says what it does not do', () => {
  const context = createClientContext()
  let server: ServerProcess
  let proxy: Server
  beforeAll(async () => {
    server = await ServerProcess.start()
    proxy = createServer((request, response) => void lie(server.origin, request, response))
    await once(proxy.listen(0, '127.0.0.1'), 'listening')
  })
  afterAll(async () => {
    context.http.close()
    proxy?.close()
    await server?.stop()
  })

  it('is found out by its media side', async () => {
    const { port } = proxy.address() as AddressInfo
    const trial = new Trial({
      protocol: 'WHIP',
      url: `http://127.0.0.1:${port}/whip/lies`,
      token: server.key,
      otherToken: undefined,
      caller: new Caller(context.http, { rate: 50, timeout: 5 }),
      context,
    })
    const found = checksOf('WHIP', [...endChecks, ...restartChecks]).filter(({ clause }) =>
      ['WHIP-28', 'WHIP-33', 'WHIP-34', 'WHIP-80', 'WHIP-84'].includes(clause),
    )
    const rows = await runChecks(trial, found, new AbortController().signal)
    await trial.close()
    expect(
      rows.map(({ clause, verdict, evidence }) => `${verdict} ${clause}: ${evidence}`),
    ).toEqual([
      'fail WHIP-28: DELETE 200, then GET 204',
      'pass WHIP-28: DELETE 200',
      'fail WHIP-28: check answered, after DELETE answered',
      'pass WHIP-33: check refused 403',
      'fail WHIP-34: no close_notify, check answered',
      'fail WHIP-80: new credentials, check silence',
      `pass WHIP-84: PATCH 200, content-type: ${type}`,
    ])
  })
})
