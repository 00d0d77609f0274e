import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'

/*
 * Serves the test pages on a loopback port of its own choice: a program, so that it can stand in
 * the network namespace of the browser. `media-page-server.ts FOLDER [PREFIX=FOLDER ...]`
 */

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
}
const [root = '.', ...others] = process.argv.slice(2)
const folders = others.map((pair) => pair.split('=', 2) as [prefix: string, folder: string])

const server = createServer((request, response) => {
  const path = normalize(new URL(request.url ?? '/', 'http://page').pathname)
  const mounted = folders.find(([prefix]) => path.startsWith(prefix))
  const file = mounted
    ? join(mounted[1], path.slice(mounted[0].length))
    : join(root, path === '/' ? 'index.html' : path)
  const stream = createReadStream(file)
  stream.once('open', () => {
    response.setHeader('content-type', types[extname(file)] ?? 'application/octet-stream')
    stream.pipe(response)
  })
  stream.once('error', () => response.writeHead(404).end())
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
})
// The test that started this ends it by closing its input, also when it is killed.
process.stdin.resume().once('end', () => process.exit())
