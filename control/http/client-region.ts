import type { FastifyRequest } from 'fastify'
import type { Principal } from '#control/principal.ts'

const regionForm = /^[a-z0-9_-]{1,64}$/

/**
 * Where a client is: by its token, else by what a trusted proxy says.
 *
 * @param header name of the field by which proxies say it, in small letters
 * @returns undefined where that is not known
 */
export function clientRegion(
  principal: Principal,
  request: FastifyRequest,
  header: string | undefined,
): string | undefined {
  if (principal.region !== undefined) return principal.region
  if (header === undefined || !isFromProxy(request)) return undefined
  const said = request.headers[header]
  const region = typeof said === 'string' ? said.trim().toLowerCase() : ''
  return regionForm.test(region) ? region : undefined
}

// Fastify takes `X-Forwarded-For` of trusted proxies only.
function isFromProxy({ ip, socket }: FastifyRequest): boolean {
  return ip !== socket.remoteAddress
}
