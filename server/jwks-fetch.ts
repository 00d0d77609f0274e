import { isIP } from 'node:net'
import { isLoopbackAddress } from '#core/loopback.ts'

/** For all of it, redirects too, in ms. */
const deadline = 2_000
/** A set of 32 RSA keys with certificates is a tenth of it. */
const largestDocument = 256 * 1024
const mostRedirects = 3

/** Whether keys may be had from there: nobody on the way can exchange them. */
export function isSafeSource({ protocol, hostname }: URL): boolean {
  if (protocol === 'https:') return true
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return (
    protocol === 'http:' && (host === 'localhost' || (isIP(host) !== 0 && isLoopbackAddress(host)))
  )
}

/**
 * Gets a JWK Set (RFC 7517 §5).
 *
 * @returns rejects when it cannot be had in time, is too long, is no JSON, or is said to be on
 *   another host: only the operator says whom to trust (SEC-38)
 */
export async function fetchJwks(address: string): Promise<unknown> {
  const signal = AbortSignal.timeout(deadline)
  let url = new URL(address)
  for (let hop = 0; hop <= mostRedirects; hop++) {
    const response = await fetch(url, {
      signal,
      redirect: 'manual',
      headers: { accept: 'application/jwk-set+json, application/json' },
    })
    const location = response.headers.get('location')
    if (response.ok) return JSON.parse(await textOf(response))
    await response.body?.cancel()
    if (response.status < 300 || response.status > 399 || location === null) {
      throw new Error(`${url.host} answers ${response.status}`)
    }
    const next = new URL(location, url)
    if (next.host !== url.host || next.protocol !== url.protocol) {
      throw new Error(`${url.host} sends us to another host`)
    }
    url = next
  }
  throw new Error(`${url.host} sends us in circles`)
}

async function textOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body ?? []) {
    length += part.length
    if (length > largestDocument) throw new Error('the answer is too long for a JWK Set')
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}
