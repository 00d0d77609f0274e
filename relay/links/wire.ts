import type { NodeRecord } from '#control/node-record.ts'

/** A WebSocket to another node, open. */
export interface Wire {
  send(text: string): void
  /** What was sent before still leaves. */
  close(): void
  /** Bytes that were sent and have not left. */
  readonly backlog: number
  /** Ms to the other node and back; undefined while not measured. */
  readonly roundTrip: number | undefined
}

/** Whoever a WebSocket's messages are for. */
export interface WireListener {
  text(text: string): void
  /** The last thing told. @param reason for the log */
  closed(reason: string): void
}

/** Of one that this node opens: first `opened`, unless it cannot be. */
export interface DialListener extends WireListener {
  /** @param tokenId of the token that was sent along */
  opened(wire: Wire, tokenId: string): void
  /** @param refusal where the node was reached, and takes no token of ours */
  closed(reason: string, refusal?: 'wrong-token'): void
}

/** Opens control connections to other nodes. */
export interface Dialer {
  /** @returns how to give it up, opened or not */
  dial(node: NodeRecord, listener: DialListener): () => void
}

/** Measured in bytes: more than that does not leave faster for being in the socket's queue. */
const fullAt = 1024 * 1024

/** Sends what a channel has for as long as the socket takes it, and closes it behind the last. */
export function pump(
  channel: { take(): string | undefined; readonly closed: object | undefined },
  wire: Wire,
): void {
  while (wire.backlog < fullAt) {
    const text = channel.take()
    if (text === undefined) break
    wire.send(text)
  }
  if (channel.closed) wire.close()
}
