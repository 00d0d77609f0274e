import type { FastifyRequest } from 'fastify'

/**
 * The token of a request: from Authorization, where "Bearer" may be missing
 * (`@eyevinn/webrtc-player` sends the bare key, IO-10), else from `?token=` for clients that
 * cannot set headers (RFC 9725 §4.7.1).
 */
export function tokenOf({ headers, query }: FastifyRequest): string | undefined {
  const header = headers.authorization?.replace(/^bearer(?: +|$)/i, '').trim()
  if (header) return header
  const { token } = query as { token?: unknown }
  return typeof token === 'string' && token !== '' ? token : undefined
}
