import { createServer, type Server } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { nodeAnswers } from '#server/cluster/node-answers.ts'

describe('whether a node answers', () => {
  let server: Server | undefined
  afterEach(() => {
    server?.close()
    server = undefined
  })

  /** A listener that gives this answer to whatever it reads; without, it only listens. */
  async function node(answer: string | undefined): Promise<string> {
    const opened = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => answer !== undefined && socket.end(answer))
    })
    server = opened
    await new Promise<void>((resolve) => opened.listen(0, '127.0.0.1', resolve))
    return `127.0.0.1:${(opened.address() as { port: number }).port}`
  }

  let connections = 0

  /** One that leaves its connections open, and counts them. */
  async function stayingNode(answer: string): Promise<string> {
    connections = 0
    const opened = createServer((socket) => {
      connections++
      socket.on('error', () => {})
      socket.on('data', () => socket.write(answer))
    })
    server = opened
    await new Promise<void>((resolve) => opened.listen(0, '127.0.0.1', resolve))
    return `127.0.0.1:${(opened.address() as { port: number }).port}`
  }

  it.each(['200 OK', '401 Unauthorized', '302 Found\r\nlocation: http://nowhere.invalid/'])(
    'is said by %j',
    async (status) => {
      const address = await node(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\n\r\n`)
      expect(await nodeAnswers({ nodeOrigin: `http://${address}` })).toBe('answers')
    },
  )

  it('is said by one that speaks, though not as expected: it lives', async () => {
    const address = await node('HTTP/1.1 400 Bad Request\r\n\r\n')
    expect(await nodeAnswers({ nodeOrigin: `https://${address}` })).toBe('answers')
  })

  it('is not known of one that takes the connection and says nothing', async () => {
    const nodeOrigin = `http://${await node(undefined)}`
    expect(await nodeAnswers({ nodeOrigin })).toBe('silent')
  })

  it('is not so of one whose port nobody listens at', async () => {
    const nodeOrigin = `http://${await node(undefined)}`
    server!.close()
    expect(await nodeAnswers({ nodeOrigin })).toBe('gone')
  })

  it('is not so of one that closes the connection without a word: it dies', async () => {
    const nodeOrigin = `http://${await node('')}`
    expect(await nodeAnswers({ nodeOrigin })).toBe('gone')
  })

  it('is asked anew each time: a connection of before may be one to the dead', async () => {
    const answer = 'HTTP/1.1 200 OK\r\nkeep-alive: timeout=60\r\ncontent-length: 0\r\n\r\n'
    const nodeOrigin = `http://${await stayingNode(answer)}`
    for (let asked = 1; asked <= 3; asked++) {
      expect(await nodeAnswers({ nodeOrigin })).toBe('answers')
      expect(connections).toBe(asked)
    }
  })
})
