import type { FastifyInstance, FastifyRequest } from 'fastify'
import { HttpError } from './http-error.ts'

/** Offers and answers (RFC 9725 §4.2). */
export const sdpType = 'application/sdp'
/** Trickled candidates (RFC 8840 §9). */
export const fragmentType = 'application/trickle-ice-sdpfrag'

/** Offers of browsers are 3–8 kB; past this nothing is parsed (WHIP-20, SEC-27). */
export const largestBody = 64 * 1024

/**
 * Reads every body of this plugin's routes as text and leaves the judgement of its type to
 * `bodyOf`. A parser per type would make Fastify refuse a DELETE for a stray Content-Type, and
 * decide on 415 before the route has looked at session and token (WHIP-60).
 */
export function readBodiesAsText(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    '*',
    { parseAs: 'string', bodyLimit: largestBody },
    (_request, body, done) => done(null, body),
  )
}

/**
 * The body, if it is of the one type that the route takes.
 * @throws HttpError 415 for another type or a compressed body, 400 for an empty one
 */
export function bodyOf(request: FastifyRequest, mediaType: string): string {
  const body = optionalBodyOf(request, mediaType)
  if (body === undefined) throw new HttpError(400, `the body is empty: it must be ${mediaType}`)
  return body
}

/** The same where an empty body means something: it is `undefined`, whether it has a type or not. */
export function optionalBodyOf(request: FastifyRequest, mediaType: string): string | undefined {
  const { body, headers } = request
  // Inflating is how 64 KiB become gigabytes (SEC-27).
  if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') {
    throw new HttpError(415, 'send the body without Content-Encoding')
  }
  const empty = typeof body !== 'string' || body.trim() === ''
  const type = mediaTypeOf(request)
  if (type !== mediaType && !(empty && type === '')) {
    throw new HttpError(415, `send the body as "Content-Type: ${mediaType}"`)
  }
  return empty ? undefined : body
}

/** Type and subtype in small letters; parameters do not matter (RFC 9110 §8.3.1). */
export function mediaTypeOf({ headers }: FastifyRequest): string {
  const [type = ''] = (headers['content-type'] ?? '').split(';', 1)
  return type.trim().toLowerCase()
}
