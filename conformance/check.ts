import type { Trial } from './trial.ts'

export type Protocol = 'WHIP' | 'WHEP'

/**
 * How strongly a clause binds. The first three are the specification's own words. `practice` is
 * what clients in the field need beyond it (INTEROP, or the RFCs that it leans on), and `policy` a
 * choice of Tailrace where the specification leaves one: of these two no server fails.
 */
type Level = 'MUST' | 'SHOULD' | 'MAY' | 'practice' | 'policy'

/** `differs`: another way than that of a practice or policy, which is no fault. */
export type Verdict = 'pass' | 'fail' | 'differs' | 'not offered' | 'not seen'

export interface Finding {
  readonly verdict: Verdict
  /** Status, header or line that decided; nothing that is another in the next run. */
  readonly evidence: string
}

/** One sentence of a clause, and how to see from outside whether a server keeps it. */
export interface Check {
  /** `WHIP-12`, `WHEP-38`: numbers of docs/clauses/. */
  readonly clause: string
  readonly title: string
  readonly level: Level
  /** Measured behaviour of clients that overrides the clause: the check takes both. */
  readonly accepts?: string
  readonly run: (trial: Trial) => Promise<Finding>
}

/** Thrown where a check cannot be made; the message says why. */
export class NotSeen extends Error {
  override name = 'NotSeen'
}

/** Thrown where the server does not have what the check is about. */
export class NotOffered extends Error {
  override name = 'NotOffered'
}

export function judge(holds: boolean, evidence: string): Finding {
  return { verdict: holds ? 'pass' : 'fail', evidence }
}
