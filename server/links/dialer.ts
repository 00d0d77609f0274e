import { WebSocket } from 'ws'
import type { NodeRecord } from '#control/node-record.ts'
import type { NodeTokens } from '#control/node-token.ts'
import { messageOf } from '#core/errors.ts'
import type { Dialer, DialListener } from '#relay/links/wire.ts'
import { linkPath } from './link-server.ts'
import { socketOptions, tellOf, wireOf } from './socket-wire.ts'

/** From the call to an open WebSocket, in ms. */
const openWithin = 3_000

/** What a node answers whose secret, or whose name, is another than the token's. */
const unauthorized = 401

/** Calls other nodes, each time with a token of its own. */
export class SocketDialer implements Dialer {
  readonly #tokens: Pick<NodeTokens, 'mint'>

  constructor(tokens: Pick<NodeTokens, 'mint'>) {
    this.#tokens = tokens
  }

  dial(node: NodeRecord, listener: DialListener): () => void {
    let isGivenUp = false
    let socket: WebSocket | undefined
    const open = async () => {
      const { token, id } = await this.#tokens.mint(node.id)
      if (isGivenUp) return
      const url = `${node.nodeOrigin.replace(/^http/, 'ws')}${linkPath}`
      socket = new WebSocket(url, {
        ...socketOptions,
        handshakeTimeout: openWithin,
        headers: { authorization: `Bearer ${token}` },
      })
      const opened = socket
      opened.once('open', () => {
        if (!isGivenUp) listener.opened(wireOf(opened), id)
      })
      let status: number | undefined
      opened.once('unexpected-response', (_request, { statusCode }) => {
        status = statusCode
        opened.terminate()
      })
      tellOf(opened, {
        text: (text) => listener.text(text),
        closed: (reason) => {
          const text = status === undefined ? reason : `answered with ${status}`
          listener.closed(text, status === unauthorized ? 'wrong-token' : undefined)
        },
      })
    }
    open().catch((error: unknown) => listener.closed(messageOf(error)))
    return () => {
      isGivenUp = true
      if (socket?.readyState === WebSocket.CONNECTING) socket.terminate()
    }
  }
}
