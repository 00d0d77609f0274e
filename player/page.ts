/** The element with this id, which the page's HTML is known to have. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id)
  if (!(element instanceof type)) throw new Error(`the page has no ${type.name} "${id}"`)
  return element
}

/** `?token=` of this page, for the requests it makes. */
export function pageToken(): string | undefined {
  return new URLSearchParams(location.search).get('token') || undefined
}

/** "stream" or "tenant/stream" after the first part of this page's path. */
export function pageStream(): string {
  return location.pathname.split('/').slice(2).join('/')
}

/** An address on this server, with this page's token, for links between pages. */
export function withToken(path: string): string {
  const token = pageToken()
  return token === undefined ? path : `${path}?token=${encodeURIComponent(token)}`
}

/** A request to the API of this server; `undefined` when it fails or is refused. */
export async function fetchJson(path: string): Promise<unknown> {
  const token = pageToken()
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  try {
    const response = await fetch(path, { headers, cache: 'no-store' })
    return response.ok ? await response.json() : undefined
  } catch {
    return undefined
  }
}

/** Short text for bits per second. */
export function bitrateText(bitsPerSecond: number): string {
  if (bitsPerSecond >= 1e6) return `${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s`
  return `${Math.round(bitsPerSecond / 1000)} kbit/s`
}

export function percentText(fraction: number): string {
  return `${(fraction * 100).toFixed(1)} %`
}

/** Resolves after this time, or at once when the signal is aborted. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done)
  })
}

/** Ms before the next attempt: doubling from half a second to 15 s, spread to avoid a storm. */
export function backoff(attempt: number): number {
  return Math.min(15_000, 500 * 2 ** attempt) * (0.5 + Math.random() / 2)
}
