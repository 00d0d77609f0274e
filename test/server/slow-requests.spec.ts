import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import { readBodiesAsText } from '#control/http/bodies.ts'
import { createHttpApp } from '#server/http-app.ts'

const pem = (name: string) => readFileSync(`test/server/vectors/${name}.pem`, 'utf8')
const tls = { cert: pem('certificate'), key: pem('key') }
const limits = { headersTimeout: 50, requestTimeout: 100, connectionsCheckingInterval: 10 }

let app: FastifyInstance

afterEach(async () => {
  await app.close()
})

/** Sends this much of a request and never the rest. @returns what comes until the server hangs up */
async function stall(text: string, secure: boolean): Promise<string> {
  app = createHttpApp({ origins: '*', limits, ...(secure && { tls }) })
  readBodiesAsText(app)
  app.post('/', async () => 'read')
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as { port: number }
  const socket = secure
    ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
    : connectTcp(port, '127.0.0.1')
  let answer = ''
  socket.on('data', (data) => {
    answer += data
  })
  socket.write(text)
  await once(socket, 'close')
  return answer
}

describe('a client that takes its time (SEC-27)', () => {
  it.each([
    { what: 'headers', text: 'POST / HTTP/1.1\r\nHost: x\r\n', secure: false },
    { what: 'headers', text: 'POST / HTTP/1.1\r\nHost: x\r\n', secure: true },
    {
      what: 'its body',
      text: 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nv=0',
      secure: false,
    },
    {
      what: 'its body',
      text: 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nv=0',
      secure: true,
    },
  ])('with $what is let go (TLS: $secure)', async ({ text, secure }) => {
    expect(await stall(text, secure)).toMatch(/^HTTP\/1.1 408 /)
  })

  it('has 5 s for the headers and 10 s for all of it', async () => {
    app = createHttpApp({ origins: '*' })
    const { headersTimeout, requestTimeout } = app.server
    expect({ headersTimeout, requestTimeout }).toEqual({
      headersTimeout: 5_000,
      requestTimeout: 10_000,
    })
  })
})
