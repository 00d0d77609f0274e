import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sessionId } from '#test/support/http.ts'
import { ExtensionRig, events } from './extension-rig.ts'

const json = { 'content-type': 'application/json' }
const unknown = '/session/zzzzzzzzzzzzzzzzzzzzzz/sse'
let rig: ExtensionRig
let app: FastifyInstance
beforeEach(async () => {
  rig = new ExtensionRig()
  app = await rig.app()
})
afterEach(async () => {
  rig.extensions.ended(sessionId)
  await app.close()
})

/** A page's EventSource, as far as it is about bytes. */
async function open(url: string) {
  const response = await app.inject({ method: 'GET', url, payloadAsStream: true })
  const body = response.stream()
  body.setEncoding('utf8')
  const found = messages(body)
  const next = async () => (await found.next()).value
  return { response, next }
}

/** Of the next event stream that is connected. */
async function responseOf({ server }: FastifyInstance): Promise<ServerResponse> {
  const [, response] = await once(server, 'request')
  return response
}

async function* messages(body: AsyncIterable<string>) {
  let rest = ''
  for await (const chunk of body) {
    const parts = (rest + chunk).split('\n\n')
    rest = parts.pop()!
    yield* parts
  }
}

describe('an event stream that is asked for (WHEP-74..80)', () => {
  it('has a URL of its own, and brings what was asked for', async () => {
    rig.publish()
    const payload = '["active","reconnect"]'
    const created = await app.inject({ method: 'POST', url: events, headers: json, payload })
    expect([created.statusCode, created.body]).toEqual([201, ''])
    const { location } = created.headers
    expect(location).toBe(`${events}/1`)
    const { response, next } = await open(String(location))
    expect(response.statusCode).toBe(200)
    expect(response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'access-control-allow-origin': '*',
    })
    expect(await next()).toBe(':')
    expect(await next()).toBe('event: active\ndata: {}')
    rig.extensions.events.reconnectAll()
    expect(await next()).toBe('event: reconnect\ndata: {}')
  })

  it('brings all events where no body says which (WHEP-77)', async () => {
    rig.publish()
    expect((await app.inject({ method: 'POST', url: events })).statusCode).toBe(201)
    const { next } = await open(`${events}/1`)
    rig.run(0)
    rig.unpublish()
    const all = [await next(), await next(), await next(), await next(), await next()].join('')
    expect(all.match(/event: \w+/g)).toEqual([
      ...['event: active', 'event: layers', 'event: viewercount', 'event: inactive'],
    ])
  })

  it.each`
    status | what                            | payload                      | headers
    ${400} | ${'an event that there is not'} | ${'["layers","weather"]'}    | ${json}
    ${400} | ${'one that is not announced'}  | ${'["scte35"]'}              | ${json}
    ${400} | ${'a name that is none'}        | ${'[{}]'}                    | ${json}
    ${400} | ${'no list'}                    | ${'{"events":[]}'}           | ${json}
    ${400} | ${'no JSON'}                    | ${'["layers"'}               | ${json}
    ${415} | ${'another type'}               | ${'["layers"]'}              | ${{ 'content-type': 'text/plain' }}
    ${413} | ${'more than 4 KiB (SEC-34)'}   | ${`["${'x'.repeat(4093)}"]`} | ${json}
    ${401} | ${"another's token"}            | ${'["layers"]'}              | ${{ ...json, authorization: 'Bearer key-2' }}
    ${201} | ${"the session's token"}        | ${'["layers"]'}              | ${{ ...json, authorization: 'Bearer key-1' }}
  `('answers $status to $what', async ({ status, payload, headers }) => {
    const response = await app.inject({ method: 'POST', url: events, headers, payload })
    expect(response.statusCode).toBe(status)
    expect((await app.inject({ method: 'DELETE', url: `${events}/1` })).statusCode).toBe(200)
    if (payload.includes('weather')) expect(response.json().detail).toContain('"weather"')
    expect(rig.scheduler.machines.size).toBe(0)
  })

  it('is destroyed by DELETE: the connection ends, and later there is nothing (WHEP-82)', async () => {
    await app.inject({ method: 'POST', url: events })
    const { next } = await open(`${events}/1`)
    await next()
    const response = await app.inject({ method: 'DELETE', url: `${events}/1` })
    expect(response.statusCode).toBe(200)
    expect(await next()).toBeUndefined()
    expect((await app.inject({ method: 'GET', url: `${events}/1` })).statusCode).toBe(404)
  })
})

describe('an EventSource opened without asking (WHEP-85)', () => {
  it('brings all events, and ends with the session (WHEP-83)', async () => {
    rig.publish()
    const { next } = await open(events)
    expect([await next(), await next()]).toEqual([':', 'event: active\ndata: {}'])
    rig.extensions.ended(sessionId)
    expect(await next()).toBeUndefined()
    expect((await app.inject({ method: 'GET', url: events })).statusCode).toBe(404)
  })

  it('is forgotten when its page is gone', async () => {
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as { port: number }
    const leaving = new AbortController()
    const response = await fetch(`http://127.0.0.1:${port}${events}`, { signal: leaving.signal })
    expect(response.status).toBe(200)
    expect(rig.scheduler.machines.size).toBe(1)
    leaving.abort()
    await expect.poll(() => rig.scheduler.machines.size, { timeout: 15_000 }).toBe(0)
  })
})

describe('a page that does not read (SEC-50)', () => {
  it('is cut off after 15 s, and holds no more than its queue until then', async () => {
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as { port: number }
    await app.inject({ method: 'POST', url: events })
    const socket = connect({ port, host: '127.0.0.1' })
    socket.on('error', () => undefined)
    const ended = once(socket, 'close')
    socket.pause()
    socket.write(`GET ${events}/1 HTTP/1.1\r\nHost: a\r\n\r\n`)
    const response = await responseOf(app)
    // More than the kernel and the response hold between them.
    const url = `https://a.example/${'x'.repeat(100_000)}`
    for (let i = 0; i < 300; i++) {
      rig.extensions.events.reconnectAll(url)
      await new Promise((wake) => setImmediate(wake))
    }
    const held = response.writableLength
    expect(held).toBeLessThan(300_000)
    rig.run(14_000)
    expect(response.destroyed).toBe(false)
    rig.run(3000)
    expect(response.destroyed).toBe(true)
    socket.resume()
    await ended
  })
})

describe('other requests', () => {
  it.each`
    method       | url                        | status
    ${'POST'}    | ${unknown}                 | ${404}
    ${'GET'}     | ${unknown}                 | ${404}
    ${'GET'}     | ${`${events}/9`}           | ${404}
    ${'GET'}     | ${`${events}?token=key-2`} | ${401}
    ${'HEAD'}    | ${events}                  | ${405}
    ${'PATCH'}   | ${events}                  | ${405}
    ${'POST'}    | ${`${events}/1`}           | ${405}
    ${'OPTIONS'} | ${events}                  | ${200}
    ${'OPTIONS'} | ${`${events}/1`}           | ${200}
  `('$method $url gets $status', async ({ method, url, status }) => {
    const response = await app.inject({ method, url })
    expect(response.statusCode).toBe(status)
    expect(response.headers['access-control-allow-origin']).toBe('*')
  })
})
