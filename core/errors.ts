/** What a caller can act on. Clients match on the code, never on the message. */
export type ErrorCode =
  | 'malformed-sdp'
  | 'unacceptable-offer'
  | 'unacceptable-answer'
  | 'no-common-codec'
  | 'bad-stream-name'
  | 'token-missing'
  | 'token-invalid'
  | 'not-allowed'
  | 'not-found'
  | 'keys-unavailable'
  | 'audit-failed'
  | 'store-unavailable'
  | 'session-not-found'
  | 'stream-not-live'
  | 'stream-taken'
  | 'precondition-failed'
  | 'precondition-required'
  | 'answer-pending'
  | 'answer-unexpected'
  | 'offer-expired'
  | 'full'
  | 'rate-limited'

export interface ServiceErrorOptions extends ErrorOptions {
  /** Seconds after which the same request may succeed: becomes `Retry-After`. */
  readonly retryAfter?: number
}

/** A failure to tell the caller about; any other error is a bug, and shows as a bare 500. */
export class ServiceError extends Error {
  readonly code: ErrorCode
  readonly retryAfter: number | undefined

  /** @param message says what is wrong and what to do about it: it is sent to the caller */
  constructor(code: ErrorCode, message: string, options: ServiceErrorOptions = {}) {
    super(message, options)
    this.name = 'ServiceError'
    this.code = code
    this.retryAfter = options.retryAfter
  }
}

/** What a caught error says; whatever else was thrown, as text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
