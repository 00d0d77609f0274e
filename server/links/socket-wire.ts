import type { WebSocket } from 'ws'
import { longestMessage } from '#control/messages.ts'
import type { Wire, WireListener } from '#relay/links/wire.ts'

/** What both ends of a control connection ask of `ws`: text of a bounded size, and no zipping. */
export const socketOptions = { maxPayload: longestMessage, perMessageDeflate: false } as const

/** Of a socket that was told to close, in ms: what is sent before still leaves. */
const closeDeadline = 1_000

/** Between two measurements of the round trip, in ms. */
const pingInterval = 2_000

/** The socket as links see it. */
export function wireOf(socket: WebSocket): Wire {
  let roundTrip: number | undefined
  let pingedAt = 0
  const ping = () => {
    pingedAt = performance.now()
    if (socket.readyState === socket.OPEN) socket.ping()
  }
  const timer = setInterval(ping, pingInterval).unref()
  socket.on('pong', () => {
    const measured = performance.now() - pingedAt
    // The least of late is nearest to what the network takes: the rest is our own loop.
    roundTrip = roundTrip === undefined ? measured : Math.min(measured, roundTrip * 1.25)
  })
  socket.on('close', () => clearInterval(timer))
  ping()
  return {
    get roundTrip() {
      return roundTrip
    },
    send: (text) => socket.send(text),
    close: () => {
      socket.close(1000)
      setTimeout(() => socket.terminate(), closeDeadline).unref()
    },
    get backlog() {
      return socket.bufferedAmount
    },
  }
}

/** Tells the listener what comes by the socket, and once that it is closed. */
export function tellOf(socket: WebSocket, listener: WireListener): void {
  // `nodebuffer` is what it is by default, one buffer for each message.
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) socket.close(1003, 'text only')
    else listener.text(data.toString('utf8'))
  })
  let failure: string | undefined
  socket.on('error', (error) => {
    failure = error.message
  })
  socket.on('close', (code) => listener.closed(failure ?? `closed with ${code}`))
}
