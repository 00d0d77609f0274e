import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { extname } from 'node:path'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { streamName } from '#core/stream-name.ts'

interface PageRoute {
  Params: { readonly tenant?: string; readonly stream?: string }
}

/** One file as it is sent. */
interface PageFile {
  readonly body: string
  readonly type: string
  readonly etag: string
}

const folder = new URL('../player/', import.meta.url)

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  // Sent as the JavaScript that is left when the types are gone; the name stays, so that the
  // modules' imports are the same here and in a browser.
  '.ts': 'text/javascript; charset=utf-8',
}

const pages: Readonly<Record<string, string>> = {
  '/': 'index.html',
  '/publish': 'publish.html',
  '/watch/:stream': 'watch.html',
  '/watch/:tenant/:stream': 'watch.html',
  '/status/:stream': 'status.html',
  '/status/:tenant/:stream': 'status.html',
}

// Nothing but our own files and requests; a stream's name in a page can never be script.
const policy = (connect: string) =>
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
  `connect-src ${connect}; media-src 'self' blob:; base-uri 'none'; form-action 'none'; ` +
  "frame-ancestors 'self'"

const headers = {
  // The address of a page may hold a play token (SEC-13).
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(self), microphone=(self), display-capture=(self), autoplay=(self)',
  // Asked about each time and mostly answered with 304: pages and modules change together.
  'cache-control': 'no-cache',
}

export interface PageOptions {
  /** Origins of other nodes, to which these pages may be sent on; none without. */
  connectSources?(): readonly string[]
}

/** The pages of `player/`: read once at start, types stripped. */
export const pageRoutes: FastifyPluginAsync<PageOptions> = async (app, options) => {
  const files = readFiles()

  app.addHook('onSend', async (_request, reply) => {
    const connect = ["'self'", ...(options.connectSources?.() ?? [])].join(' ')
    reply.header('content-security-policy', policy(connect))
  })

  for (const [url, name] of Object.entries(pages)) {
    const file = files.get(name)!
    app.get<PageRoute>(url, async (request, reply) => {
      const { tenant, stream } = request.params
      // The page itself reads the name from its address; a bad one is told here and now.
      if (stream !== undefined) streamName(tenant, stream)
      return send(request, reply, file)
    })
  }

  for (const [name, file] of files) {
    if (extname(name) === '.html') continue
    app.get(`/player/${name}`, async (request, reply) => send(request, reply, file))
  }
}

function send(request: FastifyRequest, reply: FastifyReply, file: PageFile): FastifyReply {
  reply.headers(headers).header('etag', file.etag)
  if (request.headers['if-none-match'] === file.etag) return reply.status(304).send()
  return reply.type(file.type).send(file.body)
}

function readFiles(): Map<string, PageFile> {
  const names = readdirSync(folder).filter((name) => types[extname(name)] !== undefined)
  return new Map(names.map((name) => [name, readFile(name)]))
}

function readFile(name: string): PageFile {
  const source = readFileSync(new URL(name, folder), 'utf8')
  // Types become spaces: lines and columns in a browser's debugger are those of the source.
  const body = extname(name) === '.ts' ? stripTypeScriptTypes(source) : source
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 22)
  return { body, type: types[extname(name)]!, etag: `"${hash}"` }
}
