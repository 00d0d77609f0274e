import { createHash } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { canonicalJson, type Json } from './canonical-json.ts'

/** What happened. Holds no secret: tokens by `jti` or by the hash of them (SEC-73). */
export interface AuditEvent {
  /** Whose chain it belongs to; `@node` for what is no tenant's. */
  readonly tenant: string
  /** Who did it: a principal's id, or `node`. */
  readonly actor: string
  /** What, as `session.create`. */
  readonly event: string
  /** To what: a stream, a session by its hash, a revocation. */
  readonly target: string
  readonly ip?: string
  readonly detail?: { readonly [key: string]: Json }
}

const text = { maxLength: 4096 }

const Stored = Type.Object({
  seq: Type.Integer({ minimum: 1 }),
  ts: Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$' }),
  tenant: Type.String(text),
  actor: Type.String(text),
  event: Type.String(text),
  target: Type.String(text),
  prev: Type.String({ pattern: '^[0-9a-f]{64}$' }),
})

/** A record of a chain, as far as the chain goes (SEC-65). */
export type AuditRecord = Static<typeof Stored>

/** The end of a chain: how many records it has, and the hash of the last. */
export interface ChainEnd {
  readonly seq: number
  readonly hash: string
}

/** Before the first record (SEC-66). */
export const chainStart: ChainEnd = { seq: 0, hash: '0'.repeat(64) }

/** The next record of a chain, as its line and the end that it makes (SEC-65, SEC-66). */
export function nextRecord(
  event: AuditEvent,
  end: ChainEnd,
  wall: number,
): { readonly line: string; readonly end: ChainEnd } {
  const seq = end.seq + 1
  const ts = new Date(wall).toISOString()
  const line = canonicalJson({ ...event, seq, ts, prev: end.hash })
  return { line, end: { seq, hash: hashOf(line) } }
}

/** @returns `undefined` for what is no record in its canonical form */
export function readRecord(line: string): AuditRecord | undefined {
  try {
    const value: Json = JSON.parse(line)
    return Value.Check(Stored, value) && canonicalJson(value) === line ? value : undefined
  } catch {
    return undefined
  }
}

/** SHA-256 of a record's canonical form, in hex. */
export function hashOf(line: string): string {
  return createHash('sha256').update(line).digest('hex')
}
