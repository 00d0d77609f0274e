import type { SessionResource } from './ice-restart.ts'

export interface SessionEventListener {
  /**
   * The server wants this page to start over with a new session (WHEP-94).
   *
   * @param origin of the node to go to; undefined: where it came to before
   */
  reconnect(origin: string | undefined): void
  /** The connection for events broke. */
  broken(): void
}

/**
 * Hears of a session what its server has to say, as long as the session lasts. Fails in silence:
 * the media shows, later, what is wrong.
 *
 * @returns ends it
 */
export function followEvents(
  { url, headers }: SessionResource,
  listener: SessionEventListener,
): () => void {
  let events: EventSource | undefined
  let closed = false
  const follow = async () => {
    const response = await fetch(`${url}/sse`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '["reconnect"]',
    })
    const location = response.headers.get('location')
    if (closed || response.status !== 201 || location === null) return
    events = new EventSource(new URL(location, url).href)
    events.addEventListener('reconnect', ({ data }) => listener.reconnect(originIn(data)))
    events.addEventListener('error', () => listener.broken())
  }
  follow().catch(() => {})
  return () => {
    closed = true
    events?.close()
  }
}

function originIn(data: string): string | undefined {
  const { url } = JSON.parse(data) as { url?: unknown }
  return typeof url === 'string' && URL.canParse(url) ? new URL(url).origin : undefined
}
