import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Logger } from 'pino'
import { WebSocketServer } from 'ws'
import type { NodeTokens } from '#control/node-token.ts'
import { RateLimiter } from '#control/rate-limiter.ts'
import type { Clock } from '#core/clock.ts'
import { messageOf } from '#core/errors.ts'
import type { Links } from '#relay/links/links.ts'
import { socketOptions, tellOf, wireOf } from './socket-wire.ts'

/** Where children open their control connections (docs/tree.md). */
export const linkPath = '/link'

/** Whether a request is for us: all others that want to be upgraded are served as they are. */
export function isLinkRequest({ url = '' }: IncomingMessage): boolean {
  return url.split('?', 1)[0] === linkPath
}

export interface LinkServerOptions {
  readonly links: Links
  readonly tokens: Pick<NodeTokens, 'verify'>
  readonly clock: Clock
  readonly log: Logger
}

/**
 * Takes control connections of children on the HTTP port. Whoever has no token of the cluster gets
 * a 401 that is the same for all, and the log says why.
 */
export function serveLinks(server: Server, options: LinkServerOptions): void {
  const { links, tokens, clock, log } = options
  const sockets = new WebSocketServer({ ...socketOptions, noServer: true })
  const failures = new RateLimiter({ perSecond: 1, burst: 20 })
  const accept = async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const { headers } = request
    const address = request.socket.remoteAddress ?? ''
    const token = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1]
    try {
      const { node: child, tokenId } = await tokens.verify(token ?? '')
      if (socket.destroyed) return
      sockets.handleUpgrade(request, socket, head, (opened) => {
        tellOf(opened, links.accept({ child, tokenId, address }, wireOf(opened)))
      })
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined
      // To check a token costs less than to say that it was wrong.
      const isNew = failures.take(address, clock.now()) === 0
      if (isNew) log.warn({ reason: messageOf(cause ?? error) }, 'a node was refused')
      refuse(socket)
    }
  }
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    void accept(request, socket, head)
  })
}

// Its time limits ended with the request: whoever does not close would stay for ever.
function refuse(socket: Duplex): void {
  socket.once('finish', () => socket.destroy())
  socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
}
