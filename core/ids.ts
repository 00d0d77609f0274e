import { randomBytes } from 'node:crypto'

/** An unguessable name of 128 random bits, URL-safe: a session's address is its capability. */
export function randomId(): string {
  return randomBytes(16).toString('base64url')
}
