/** A request that HTTP itself refuses, before anything of ours is asked. */
export class HttpError extends Error {
  /** 400–499. */
  readonly statusCode: number

  /** @param message says what to do instead: it is sent to the caller */
  constructor(statusCode: number, message: string) {
    super(message)
    this.name = 'HttpError'
    this.statusCode = statusCode
  }
}
