/**
 * One way to a peer: its address, and the address of ours that it reached. What is sent to the
 * peer leaves from that same address, or the peer's ICE agent would not know it. Over TCP it is a
 * connection that the peer made, and ends with it: what is sent afterwards is lost.
 */
export interface Path {
  readonly transport: 'udp' | 'tcp'
  readonly family: 4 | 6
  /** Text form as Node prints it; IPv6 without brackets, an IPv4 peer never as `::ffff:…`. */
  readonly remoteAddress: string
  readonly remotePort: number
  /** One of ours, as listed in the plane's `addresses`. */
  readonly localAddress: string
}

/** One string per path, for map keys and logs at debug level. */
export function pathKey(path: Path): string {
  return `${path.transport}|${path.remoteAddress}|${path.remotePort}|${path.localAddress}`
}
