/** A STUN or TURN server for clients (RFC 7064, RFC 7065). */
export interface IceServer {
  /** `stun:`, `stuns:`, `turn:` or `turns:`. */
  readonly url: string
  readonly username?: string | undefined
  readonly credential?: string | undefined
}

/** One `Link` field value per server (RFC 9725 §4.6). */
export function iceServerLinks(servers: readonly IceServer[]): string[] {
  return servers.map(({ url, username, credential }) => {
    const link = `<${url}>; rel="ice-server"`
    if (username === undefined || credential === undefined) return link
    return `${link}; username=${quoted(username)}; credential=${quoted(credential)}; credential-type="password"`
  })
}

/** A quoted-string (RFC 9110 §5.6.4). */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`
}
