import { ServiceError } from '#core/errors.ts'
import type { StreamName } from '#core/stream-name.ts'

/** What a token may be good for. */
export type Action = 'publish' | 'view' | 'moderate' | 'record' | 'admin'

export const everyAction: readonly Action[] = ['publish', 'view', 'moderate', 'record', 'admin']

/** What somebody may do, and where. */
export interface Grant {
  readonly actions: readonly Action[]
  /** Absent: every tenant of this node. */
  readonly tenant?: string
  /** Names, or beginnings of names with a `*` behind them. Absent: every stream. */
  readonly streams?: readonly string[]
}

/** What anybody hears who asks for a thing that is not, or that is none of theirs (SEC-19, 75). */
export function nothingHere(): ServiceError {
  return new ServiceError('not-found', 'there is nothing here')
}

/**
 * Asks nobody whether the stream exists: with the same grant the answer is the same.
 *
 * @param name `undefined` asks whether the grant is good for any stream at all
 * @throws ServiceError `not-found` for another tenant's streams, else `not-allowed` (SEC-75, 82)
 */
export function requireGrant(grant: Grant, action: Action, name: StreamName | undefined): void {
  if (name && grant.tenant !== undefined && grant.tenant !== name.tenant) throw nothingHere()
  if (!grant.actions.includes(action)) {
    throw new ServiceError('not-allowed', `this token is not good for that: it takes "${action}"`)
  }
  if (name && !coversStream(grant, name)) {
    throw new ServiceError('not-allowed', 'this token is not good for streams of this name')
  }
}

/** Whether a stream is among those that somebody may know of. */
export function coversStream(
  { tenant, streams }: Omit<Grant, 'actions'>,
  name: StreamName,
): boolean {
  if (tenant !== undefined && tenant !== name.tenant) return false
  return streams?.some((pattern) => matches(pattern, name.stream)) ?? true
}

function matches(pattern: string, stream: string): boolean {
  if (!pattern.endsWith('*')) return pattern === stream
  return stream.startsWith(pattern.slice(0, -1))
}
