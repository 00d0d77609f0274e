import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { request } from 'node:https'
import { createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { RunningCluster } from '#scripts/cluster/running-cluster.ts'
import { isInstalled } from '#test/support/program.ts'

/** What a node that stands behind Caddy is asked, and whether it takes new sessions. */
class AskedNode {
  ready = true
  readonly asked: { readonly path: string; readonly headers: IncomingMessage['headers'] }[] = []
  readonly server: Server

  constructor() {
    this.server = createServer(({ url = '', headers }, response) => {
      if (url === '/readyz') return void response.writeHead(this.ready ? 200 : 503).end()
      if (url !== '/healthz') this.asked.push({ path: url, headers })
      const links = ['</session/x/sse>; rel="events"', '<turn:t.example>; rel="ice-server"']
      response.writeHead(201, { location: '/session/x', link: links }).end()
    })
  }

  get port(): number {
    return portOf(this.server)
  }
}

const portOf = (server: { address(): unknown }) => (server.address() as { port: number }).port

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const port = portOf(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

describe('Caddy, with the configuration we ship, in front of nodes', () => {
  const missing = isInstalled('caddy') ? undefined : 'no caddy; install it: apt-get install caddy'
  const names = ['INGEST_1', 'INGEST_2', 'EDGE_1', 'EDGE_2', 'EDGE_3'] as const
  const nodes = new Map(names.map((name) => [name, new AskedNode()]))
  const folder = mkdtempSync(join(tmpdir(), 'tailrace-caddy-'))
  let caddy: RunningCluster | undefined
  let domain: string
  let ca: Buffer

  beforeAll(async () => {
    if (missing) return
    for (const { server } of nodes.values()) {
      server.listen(0, '127.0.0.1')
      await new Promise((resolve) => server.once('listening', resolve))
    }
    const port = await freePort()
    domain = `localhost:${port}`
    const upstreams = Array.from(nodes, ([name, node]) => [name, `127.0.0.1:${node.port}`])
    const env = {
      DOMAIN: domain,
      PLAIN_PORT: String(await freePort()),
      LOG_LEVEL: 'ERROR',
      XDG_DATA_HOME: folder,
      XDG_CONFIG_HOME: folder,
      ...Object.fromEntries(upstreams),
    }
    const program = {
      name: 'caddy',
      command: 'caddy',
      args: ['run', '--adapter', 'caddyfile', '--config', join(process.cwd(), 'deploy/Caddyfile')],
      env,
      folder,
      ready: { address: '127.0.0.1', port },
      stage: 0,
    }
    const signal = new AbortController().signal
    caddy = await RunningCluster.start([program], { say: () => {}, readyWithin: 30_000, signal })
    // Certificates are made once it listens.
    for (const host of ['', 'eu.', 'us.', 'ingest-1.', 'edge-1.', 'edge-3.']) {
      const answers = () => ask('/', { host }).catch(() => undefined)
      while ((await answers())?.status !== 201) await delay(50)
    }
  }, 60_000)
  beforeEach(({ skip }) => {
    if (missing) skip(missing)
    for (const node of nodes.values()) {
      node.asked.length = 0
      node.ready = true
    }
  })
  afterAll(async () => {
    await caddy?.stop(5_000)
    for (const { server } of nodes.values()) server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  interface Asked {
    readonly method?: string
    readonly host?: string
    readonly headers?: Record<string, string>
  }

  async function ask(path: string, { method = 'POST', host = '', headers = {} }: Asked = {}) {
    const [, port] = domain.split(':')
    const name = `${host}localhost`
    ca ??= readFileSync(join(folder, 'caddy/pki/authorities/local/root.crt'))
    const options = { host: '127.0.0.1', port, path, method, ca, servername: name, agent: false }
    const sent = request({ ...options, headers: { host: `${name}:${port}`, ...headers } }).end()
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      sent.on('response', resolve).on('error', reject)
    })
    await text(response)
    return { status: response.statusCode, headers: response.headers }
  }

  const whoWasAsked = () => {
    return names.filter((name) => nodes.get(name)!.asked.length > 0)
  }
  const lastHeaders = () => [...nodes.values()].flatMap(({ asked }) => asked).at(-1)!.headers

  it('takes publishers to ingests and viewers to edges', async () => {
    for (const path of ['/whip/live', '/whip/acme/live', '/live/whip', '/publish']) await ask(path)
    expect(whoWasAsked().every((name) => name.startsWith('INGEST'))).toBe(true)
    for (const node of nodes.values()) node.asked.length = 0
    for (const path of ['/whep/live', '/acme/live/whep', '/watch/live', '/']) await ask(path)
    expect(whoWasAsked().every((name) => name.startsWith('EDGE'))).toBe(true)
  })

  it('says where a session is: at the node that has it', async () => {
    const { headers } = await ask('/whip/live')
    const node = whoWasAsked()[0]!.toLowerCase().replace('_', '-')
    expect(headers.location).toBe(`https://${node}.${domain}/session/x`)
    expect(headers.link).toBe(
      `<https://${node}.${domain}/session/x/sse>; rel="events", <turn:t.example>; rel="ice-server"`,
    )
  })

  it('takes nobody new to a node that drains, and to its sessions whoever has one', async () => {
    nodes.get('INGEST_1')!.ready = false
    await expect
      .poll(
        async () => {
          for (const node of nodes.values()) node.asked.length = 0
          for (let n = 0; n < 6; n++) await ask('/whip/live')
          return whoWasAsked()
        },
        { timeout: 10_000 },
      )
      .toEqual(['INGEST_2'])
    const answer = await ask('/session/x', { method: 'DELETE', host: 'ingest-1.' })
    expect(answer).toMatchObject({ status: 201, headers: { location: '/session/x' } })
    expect(whoWasAsked()).toContain('INGEST_1')
  })

  it.each(['', 'eu.', 'ingest-1.', 'edge-3.'])(
    'answers for nodes only inside: nothing of it leads in by %slocalhost',
    async (host) => {
      const upgrade = { connection: 'upgrade', upgrade: 'websocket' }
      for (const path of ['/link', '/LINK', '/link/', '/li%6Ek', '//link', '/link?token=x']) {
        expect(await ask(path, { method: 'GET', host })).toMatchObject({ status: 404 })
      }
      const elsewhere = await ask('/whep/live', { method: 'GET', host, headers: upgrade })
      expect(elsewhere).toMatchObject({ status: 404 })
      expect(whoWasAsked()).toEqual([])
    },
  )

  it('tells nodes the address that it sees, and not what a client says', async () => {
    await ask('/whep/live', { headers: { 'x-forwarded-for': '192.0.2.1' } })
    expect(lastHeaders()['x-forwarded-for']).toBe('127.0.0.1')
  })

  it.each`
    host         | region
    ${''}        | ${undefined}
    ${'eu.'}     | ${'eu'}
    ${'us.'}     | ${'us'}
    ${'edge-1.'} | ${undefined}
  `('says of who comes by "$host" the region $region', async ({ host, region }) => {
    await ask('/whep/live', { host, headers: { 'x-viewer-region': 'mars' } })
    expect(lastHeaders()['x-viewer-region']).toBe(region)
  })
})
