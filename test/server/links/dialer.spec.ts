import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { SocketDialer } from '#server/links/dialer.ts'
import { nodeRecord } from '#test/support/registry-world.ts'

let server: Server
afterEach(() => server.close())

/** What is told at last by a call of a node that answers so. */
async function endOf(status: number): Promise<unknown[]> {
  server = createServer().on('upgrade', (_request, socket) => {
    socket.end(`HTTP/1.1 ${status} x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const nodeOrigin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const dialer = new SocketDialer({ mint: async () => ({ token: 'a.b.c', id: 'x' }) })
  const ends: unknown[][] = []
  await new Promise<void>((resolve) => {
    dialer.dial(
      { ...nodeRecord('above'), nodeOrigin },
      {
        opened: () => {},
        text: () => {},
        closed: (...told) => {
          ends.push(told)
          resolve()
        },
      },
    )
  })
  expect(ends).toHaveLength(1)
  return ends[0]!
}

describe('a call of another node', () => {
  it('that takes no token of ours is one that an operator must see to', async () => {
    expect(await endOf(401)).toEqual(['answered with 401', 'wrong-token'])
  })

  it('that is busy is not', async () => {
    expect(await endOf(503)).toEqual(['answered with 503', undefined])
  })
})
