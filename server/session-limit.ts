import type { Config } from './config.ts'

/** A node that has one role only takes no sessions of the other. */
export function sessionLimit({ ROLES, MAX_PUBLISHERS, MAX_VIEWERS }: Config): number {
  return (
    (ROLES.includes('ingest') ? MAX_PUBLISHERS : 0) + (ROLES.includes('edge') ? MAX_VIEWERS : 0)
  )
}
