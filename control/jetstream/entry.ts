import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Revocation, RevokedThing } from '#control/store.ts'

/** The last moment that a `Date` can hold, in ms since the Unix epoch. */
const endOfTime = 8_640_000_000_000_000
const moment = Type.Integer({ minimum: 0, maximum: endOfTime })

/** A value of the bucket, as JSON. Members that are not known are of a later version. */
const Kept = Type.Object({
  at: moment,
  until: Type.Optional(moment),
  reason: Type.Optional(Type.String({ maxLength: 256 })),
})

/** No tenant. Never the base64url of anything: that has no length of one. */
const everyTenant = '_'
const keyShape = /^revocation\.(token|key|subject)\.([\w-]+)\.([\w-]+)$/

/**
 * The key of a revocation: `revocation.<kind>.<tenant>.<value>`. Keys of NATS take a few characters
 * only, so tenant and value are base64url of JSON strings, which tell lone surrogates apart too.
 */
export function keyOf({ kind, value, tenant }: RevokedThing): string {
  return `revocation.${kind}.${tenant === undefined ? everyTenant : encode(tenant)}.${encode(value)}`
}

/** @returns undefined for a key that `keyOf` does not make */
export function thingOf(key: string): RevokedThing | undefined {
  const [, kind, tenantPart, valuePart] = keyShape.exec(key) ?? []
  if (kind === undefined) return undefined
  const value = decode(valuePart!)
  const tenant = tenantPart === everyTenant ? undefined : decode(tenantPart!)
  if (value === undefined) return undefined
  const thing = {
    kind: kind as RevokedThing['kind'],
    value,
    ...(tenant !== undefined && { tenant }),
  }
  // One name for one thing: else taking it back under one would leave it under another.
  return keyOf(thing) === key ? thing : undefined
}

/** The value that is kept under `keyOf(revocation)`. */
export function jsonOf({ at, until, reason }: Revocation): string {
  return JSON.stringify({ at, until, reason })
}

/**
 * The revocation that a value says. One that cannot be read is the strictest there is: the key says
 * what was revoked, and what is not known of it must not open a door.
 */
export function readValue(
  thing: RevokedThing,
  value: Uint8Array,
): { readonly revocation: Revocation; readonly isBroken: boolean } {
  const kept = parse(Buffer.from(value).toString('utf8'))
  if (!Value.Check(Kept, kept)) {
    return { revocation: { ...thing, at: endOfTime, reason: 'not readable' }, isBroken: true }
  }
  const { at, until, reason } = kept
  const revocation = {
    ...{ ...thing, at },
    ...(until !== undefined && { until }),
    ...(reason !== undefined && { reason }),
  }
  return { revocation, isBroken: false }
}

function encode(text: string): string {
  return Buffer.from(JSON.stringify(text)).toString('base64url')
}

function decode(part: string): string | undefined {
  const text = parse(Buffer.from(part, 'base64url').toString('utf8'))
  return typeof text === 'string' ? text : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
