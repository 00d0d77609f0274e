import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Metrics } from './metrics.ts'

/** Serves `/metrics` on a port of its own, which need not be public. */
export async function serveMetrics(metrics: Metrics, port: number, host: string): Promise<Server> {
  const server = createServer((request, reply) => void answer(metrics, request, reply))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return server
}

async function answer(
  metrics: Metrics,
  request: IncomingMessage,
  reply: ServerResponse,
): Promise<void> {
  if (request.url !== '/metrics') {
    reply.writeHead(404).end('see /metrics\n')
    return
  }
  const body = await metrics.metricsText()
  reply.writeHead(200, { 'content-type': metrics.contentType }).end(body)
}
