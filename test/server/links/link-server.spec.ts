import { once } from 'node:events'
import { type AddressInfo, connect as connectSocket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { longestMessage, type Message, messageSchemas } from '#control/messages.ts'
import { NodeTokens } from '#control/node-token.ts'
import { createHttpApp } from '#server/http-app.ts'
import { serveLinks } from '#server/links/link-server.ts'
import { systemClock } from '#server/system-clock.ts'
import { twin } from '#test/native/planes.ts'
import { until } from '#test/native/until.ts'
import { Tree, type TreeNode, treeSecret } from '#test/relay/links/tree-rig.ts'

const hello = {
  type: 'hello',
  node: 'child',
  incarnation: 1,
  protocol: { oldest: 1, newest: 1 },
  role: 'subscriber',
} satisfies Message
const subscribe = {
  type: 'subscribe',
  subscription: 1,
  stream: 'default/demo',
  below: ['child'],
  wanted: 'all',
  have: [],
} satisfies Message

describe('the node port', () => {
  let tree: Tree
  let parent: TreeNode
  let app: FastifyInstance
  let url: string
  const lines: string[] = []
  const tokens = (node: string, secret = treeSecret) =>
    new NodeTokens({ node, names: [node], secrets: [secret], clock: systemClock })

  beforeEach(async () => {
    tree = new Tree()
    parent = await tree.add('parent', ['ingest', 'relay'], twin)
    app = createHttpApp({ origins: '*' })
    app.get('/healthz', () => 'ok')
    const log = pino({}, { write: (line) => lines.push(line) })
    serveLinks(app.server, { links: parent.links, tokens: parent.tokens, clock: systemClock, log })
    await app.listen({ port: 0, host: '127.0.0.1' })
    url = `ws://127.0.0.1:${(app.server.address() as AddressInfo).port}/link`
    lines.length = 0
  })
  afterEach(async () => {
    await app.close()
    await tree.close()
  })

  /** @returns the status that the request for a WebSocket was answered with */
  async function statusOf(authorization: string | undefined): Promise<number> {
    const socket = new WebSocket(url, { ...(authorization && { headers: { authorization } }) })
    socket.on('error', () => {})
    const [, response] = await once(socket, 'unexpected-response')
    socket.terminate()
    return response.statusCode
  }

  /** A connection of the node `child`, and all that it is told. */
  async function connect(): Promise<{ socket: WebSocket; told: Message[]; closed: () => boolean }> {
    const { token } = await tokens('child').mint('parent')
    const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token}` } })
    const told: Message[] = []
    let isClosed = false
    socket.on('message', (data) => told.push(JSON.parse(String(data))))
    socket.on('close', () => {
      isClosed = true
    })
    await once(socket, 'open')
    return { socket, told, closed: () => isClosed }
  }

  it('takes no request without a token that counts, and says the same to all', async () => {
    const { token: used } = await tokens('child').mint('parent')
    const { token: elsewhere } = await tokens('child').mint('somebody')
    const { token: foreign } = await tokens('child', 'x'.repeat(40)).mint('parent')
    const { token: own } = await tokens('parent').mint('parent')
    const good = new WebSocket(url, { headers: { authorization: `Bearer ${used}` } })
    await once(good, 'open')
    const attempts = [undefined, 'Basic eDp5', 'Bearer', 'Bearer x.y.z']
    const tokensTried = [used, elsewhere, foreign, own].map((token) => `Bearer ${token}`)
    for (const attempt of [...attempts, ...tokensTried]) expect(await statusOf(attempt)).toBe(401)
    expect(lines).toHaveLength(attempts.length + tokensTried.length)
    for (const token of [used, elsewhere, foreign, own]) expect(lines.join()).not.toContain(token)
    good.close()
  })

  it('closes the connection of whoever is refused, also if they do not', async () => {
    const { port } = new URL(url)
    const socket = connectSocket({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true })
    socket.write(
      'GET /link HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    )
    await once(socket, 'data')
    const { promise, resolve } = Promise.withResolvers<number>()
    const look = setInterval(() => {
      app.server.getConnections((_error, count) => count === 0 && resolve(count))
    }, 10)
    expect(await promise).toBe(0)
    clearInterval(look)
    socket.destroy()
  })

  it('serves what asks for another protocol as it is', async () => {
    const { port } = new URL(url)
    const socket = connectSocket(Number(port), '127.0.0.1')
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n')
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /)
    socket.destroy()
  })

  it('refuses a hello in the name of another, and versions that nobody here speaks', async () => {
    const other = await connect()
    other.socket.send(JSON.stringify({ ...hello, node: 'sibling' }))
    await until(() => other.closed())
    expect(other.told).toEqual([
      expect.objectContaining({ type: 'refused', reason: 'wrong-token' }),
    ])
    const newer = await connect()
    newer.socket.send(JSON.stringify({ ...hello, protocol: { oldest: 7, newest: 9 } }))
    await until(() => newer.closed())
    expect(newer.told).toEqual([expect.objectContaining({ type: 'refused', reason: 'version' })])
  })

  it('speaks with a node that has newer versions as well', async () => {
    const newer = await connect()
    newer.socket.send(JSON.stringify({ ...hello, protocol: { oldest: 1, newest: 2 } }))
    await until(() => newer.told.length > 0)
    expect(newer.told[0]).toMatchObject({ type: 'welcome', version: 1 })
    newer.socket.close()
  })

  it.each([
    ['what is no JSON', 'pictures'],
    ['JSON without a type', '{}'],
    ['a value outside its schema', JSON.stringify({ ...hello, incarnation: -1 })],
    ['what only a parent says', JSON.stringify({ type: 'inactive', subscription: 1, epoch: 1 })],
    ['a subscription before hello', JSON.stringify(subscribe)],
  ])('ends a connection that says %s, with a reason', async (_what, text) => {
    const connection = await connect()
    connection.socket.send(text)
    await until(() => connection.closed())
    expect(connection.told).toEqual([
      expect.objectContaining({ type: 'refused', reason: 'broken' }),
    ])
    expect(parent.links.children).toBe(0)
  })

  it('ends one that sends bytes, or more of them than a message may have', async () => {
    const bytes = await connect()
    bytes.socket.send(Buffer.from(JSON.stringify(hello)))
    await until(() => bytes.closed())
    const long = await connect()
    long.socket.send('x'.repeat(longestMessage + 1))
    await until(() => long.closed())
    await until(() => parent.links.children === 0)
  })

  it('refuses a loop that is offered on purpose, and goes on', async () => {
    const connection = await connect()
    connection.socket.send(JSON.stringify(hello))
    await until(() => connection.told.some(({ type }) => type === 'welcome'))
    const loop = { ...subscribe, below: ['parent', 'child'] }
    connection.socket.send(JSON.stringify(loop))
    await until(() => connection.told.some(({ type }) => type === 'refused'))
    expect(connection.told.at(-1)).toMatchObject({ reason: 'loop', subscription: 1 })
    connection.socket.send(JSON.stringify({ ...subscribe, subscription: 2 }))
    await until(() => connection.told.filter(({ type }) => type === 'refused').length === 2)
    expect(connection.told.at(-1)).toMatchObject({ reason: 'unknown-stream', subscription: 2 })
    expect(connection.closed()).toBe(false)
    connection.socket.close()
  })

  it('takes as many children as it may', async () => {
    parent.record = { ...parent.record, load: { ...parent.record.load, childLimit: 1 } }
    const first = await connect()
    first.socket.send(JSON.stringify(hello))
    await until(() => first.told.length > 0)
    const second = await connect()
    second.socket.send(JSON.stringify({ ...hello }))
    await until(() => second.told.length > 0)
    // Who asks for nothing yet takes nobody's place.
    expect(parent.links.children).toBe(0)
    await parent.publish()
    const refusals = () => second.told.filter(({ type }) => type === 'refused')
    first.socket.send(JSON.stringify(subscribe))
    await until(() => parent.links.children === 1)
    second.socket.send(JSON.stringify(subscribe))
    await until(() => refusals().length > 0)
    expect(refusals()).toEqual([expect.objectContaining({ reason: 'full', subscription: 1 })])
    expect([first.closed(), second.closed()]).toEqual([false, false])
    first.socket.close()
    second.socket.close()
  })

  it('ignores messages of newer nodes', async () => {
    const connection = await connect()
    connection.socket.send(JSON.stringify({ type: 'weather', degrees: 3 }))
    connection.socket.send(JSON.stringify({ ...hello, mood: 'good' }))
    await until(() => connection.told.some(({ type }) => type === 'welcome'))
    expect(Object.keys(messageSchemas)).not.toContain('weather')
    connection.socket.close()
  })
})
