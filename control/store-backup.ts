import { createHash } from 'node:crypto'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Revocation } from './store.ts'

/** Of the lines below. A reader takes no later one. */
const version = 1
const format = 'tailrace-backup'
/** The last moment that a `Date` can hold, in ms since the Unix epoch. */
const endOfTime = 8_640_000_000_000_000

const moment = Type.Integer({ minimum: 0, maximum: endOfTime })
const Header = Type.Object({ format: Type.Literal(format), version: Type.Integer({ minimum: 1 }) })
const Line = Type.Object({
  revocation: Type.Object(
    {
      kind: Type.Enum(['token', 'key', 'subject']),
      value: Type.String({ minLength: 1, maxLength: 256 }),
      tenant: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
      at: moment,
      until: Type.Optional(moment),
      reason: Type.Optional(Type.String({ maxLength: 256 })),
    },
    { additionalProperties: false },
  ),
})
const Footer = Type.Object({ sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }) })

/**
 * A backup of a store: JSON lines. The first names format and version, the last has the SHA-256 of
 * all before it, line feeds and all; between them is a `{"revocation": …}` each.
 */
export function backupOf(revocations: readonly Revocation[]): string {
  const lines = [{ format, version }, ...revocations.map((revocation) => ({ revocation }))]
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  return `${text}${JSON.stringify({ sha256: sha256(text) })}\n`
}

/** What a backup has. @throws Error that says what is wrong with it; then nothing of it is to be used */
export function readBackup(text: string): Revocation[] {
  const end = text.indexOf('\n') + 1
  const header = parse(text.slice(0, end))
  if (!Value.Check(Header, header)) throw new Error('this is no backup of Tailrace')
  if (header.version > version) {
    throw new Error(`this backup has version ${header.version}: restore it with a later Tailrace`)
  }
  const bodyEnd = text.lastIndexOf('\n', text.length - 2) + 1
  const footer = parse(text.slice(bodyEnd))
  const isWhole = Value.Check(Footer, footer) && text.endsWith('\n') && bodyEnd >= end
  if (!isWhole || footer.sha256 !== sha256(text.slice(0, bodyEnd))) {
    throw new Error('this backup is damaged: it is not as it was written. Take another copy of it')
  }
  const lines = text.slice(end, bodyEnd).split('\n').slice(0, -1)
  return lines.map((line, index) => {
    const read = parse(line)
    if (Value.Check(Line, read)) return read.revocation
    throw new Error(`line ${index + 2} of this backup is no revocation: nothing was restored`)
  })
}

/**
 * What to put so that a store has all that it has or the backup says, and nothing weaker: of two of
 * the same thing the later moment counts, and the longer time.
 */
export function toRestore(
  kept: readonly Revocation[],
  backup: readonly Revocation[],
): Revocation[] {
  const all = new Map(kept.map((one) => [nameOf(one), one]))
  const changed = new Map<string, Revocation>()
  for (const one of backup) {
    const name = nameOf(one)
    const before = all.get(name)
    const merged = before === undefined ? one : stronger(before, one)
    if (merged === before) continue
    all.set(name, merged)
    changed.set(name, merged)
  }
  return [...changed.values()]
}

function stronger(kept: Revocation, other: Revocation): Revocation {
  const at = Math.max(kept.at, other.at)
  const until = Math.max(kept.until ?? Infinity, other.until ?? Infinity)
  if (at === kept.at && until === (kept.until ?? Infinity)) return kept
  const { until: _until, ...rest } = kept
  return { ...rest, at, ...(until !== Infinity && { until }) }
}

function nameOf({ kind, value, tenant }: Revocation): string {
  return JSON.stringify([kind, tenant, value])
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
