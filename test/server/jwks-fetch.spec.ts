import { createServer, type RequestListener, type Server } from 'node:http'
import { afterEach, expect, it } from 'vitest'
import { fetchJwks, isSafeSource } from '#server/jwks-fetch.ts'
import { portOf } from '#server/listening.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${portOf(server)}`
}

it.each`
  url                    | safe
  ${'https://issuer/a'}  | ${true}
  ${'http://localhost/'} | ${true}
  ${'http://127.0.0.9/'} | ${true}
  ${'http://[::1]:8/'}   | ${true}
  ${'http://issuer/'}    | ${false}
  ${'http://127.evil/'}  | ${false}
  ${'file:///etc/keys'}  | ${false}
`('keys may come from $url: $safe', ({ url, safe }) => {
  expect(isSafeSource(new URL(url))).toBe(safe)
})

it('gets a document, through redirects of the same host', async () => {
  const origin = await serve(({ url }, reply) => {
    if (url === '/keys') reply.end('{"keys":[]}')
    else reply.writeHead(302, { location: '/keys' }).end()
  })
  expect(await fetchJwks(`${origin}/moved`)).toEqual({ keys: [] })
})

it('does not follow to another host, nor in circles', async () => {
  let asked = 0
  const other = await serve((_request, reply) => {
    asked++
    reply.end('{"keys":[]}')
  })
  const origin = await serve(({ url }, reply) => {
    reply.writeHead(302, { location: url === '/other' ? other : '/again' }).end()
  })
  await expect(fetchJwks(`${origin}/other`)).rejects.toThrow(/to another host/)
  await expect(fetchJwks(`${origin}/again`)).rejects.toThrow(/in circles/)
  expect(asked).toBe(0)
})

it('does not read on for ever', async () => {
  const origin = await serve((_request, reply) => {
    const more = () => {
      while (reply.write(' '.repeat(65_536)));
      reply.once('drain', more)
    }
    more()
  })
  await expect(fetchJwks(origin)).rejects.toThrow(/too long/)
})

it('does not wait for ever', async () => {
  const origin = await serve(() => {})
  await expect(fetchJwks(origin)).rejects.toThrow(/timeout/)
})

it.each`
  status | body
  ${500} | ${'{"keys":[]}'}
  ${304} | ${''}
  ${200} | ${'<html>'}
`('takes no $status with "$body"', async ({ status, body }) => {
  const origin = await serve((_request, reply) => reply.writeHead(status).end(body))
  await expect(fetchJwks(origin)).rejects.toThrow()
})
