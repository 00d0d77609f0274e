import { describe, expect, it } from 'vitest'
import { HttpError } from '#control/http/http-error.ts'
import { type ErrorCode, ServiceError } from '#core/errors.ts'
import { createHttpApp } from '#server/http-app.ts'

async function thrown(error: Error) {
  const app = createHttpApp({ origins: '*' })
  app.get('/', async () => {
    throw error
  })
  return app.inject('/')
}

const statuses: Record<ErrorCode, number> = {
  'malformed-sdp': 400,
  'bad-stream-name': 400,
  'token-missing': 401,
  'token-invalid': 401,
  'not-allowed': 403,
  'not-found': 404,
  'keys-unavailable': 503,
  'audit-failed': 503,
  'store-unavailable': 503,
  'session-not-found': 404,
  'stream-not-live': 409,
  'stream-taken': 409,
  'precondition-failed': 412,
  'precondition-required': 428,
  'answer-pending': 409,
  'answer-unexpected': 409,
  'offer-expired': 410,
  'no-common-codec': 422,
  'unacceptable-offer': 422,
  'unacceptable-answer': 422,
  'rate-limited': 429,
  full: 503,
}

describe('problem details (RFC 9457)', () => {
  it.each(Object.entries(statuses) as [ErrorCode, number][])('%s is %i', async (code, status) => {
    const response = await thrown(new ServiceError(code, 'what is wrong'))
    expect(response.statusCode).toBe(status)
    expect(response.headers['content-type']).toMatch('application/problem+json')
    expect(response.headers['cache-control']).toBe('no-store')
    expect(response.json()).toMatchObject({
      type: `/problems/${code}`,
      status,
      code,
      detail: 'what is wrong',
    })
  })

  it('takes the time to wait from whoever knows it, in whole seconds', async () => {
    const response = await thrown(new ServiceError('full', 'later', { retryAfter: 7.2 }))
    expect(response.headers['retry-after']).toBe('8')
  })

  it('keeps the status and the words of a refusal by HTTP', async () => {
    const response = await thrown(new HttpError(415, 'send SDP'))
    expect(response.statusCode).toBe(415)
    expect(response.json()).toMatchObject({
      type: 'about:blank',
      title: 'Unsupported Media Type',
      detail: 'send SDP',
    })
  })

  it('says nothing of how a bug came about', async () => {
    const response = await thrown(new TypeError('secret is undefined'))
    expect(response.statusCode).toBe(500)
    expect(response.body).not.toContain('secret')
  })

  it('has words for an address that is none', async () => {
    const response = await createHttpApp({ origins: '*' }).inject('/nothing/at/all')
    expect(response.statusCode).toBe(404)
    expect(response.json()).toMatchObject({ title: 'Not Found', status: 404 })
  })
})
