import { type Static, type TSchema, Type } from 'typebox'
import { Value } from 'typebox/value'
import { NodeId, StreamKey } from '#control/messages/fields.ts'
import type { NodeRecord } from '#control/node-record.ts'
import type { CarrierRecord, StreamRecord } from '#control/registry.ts'

const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
/** It goes into headers: nothing in it may end one, or a directive of a policy. */
const Origin = Type.String({ pattern: '^https?://[^\\s/?#@\\\\;,\'"]{1,255}$' })
const word = Type.String({ maxLength: 1024 })
/** Opaque here, but flat: what is nested without end is compared without end. */
const Track = Type.Record(
  Type.String({ maxLength: 64 }),
  Type.Union([word, Type.Number(), Type.Boolean(), Type.Array(word, { maxItems: 16 })]),
)
const roles = ['ingest', 'relay', 'edge', 'recorder', 'ml'] as const

const Node = Type.Object({
  id: NodeId,
  incarnation: Count,
  region: Type.String({ maxLength: 64 }),
  roles: Type.Array(Type.Union(roles.map((role) => Type.Literal(role))), { maxItems: 16 }),
  origin: Origin,
  nodeOrigin: Origin,
  draining: Type.Boolean(),
  protocol: Type.Object({ oldest: Count, newest: Count }),
  load: Type.Object({
    sessions: Count,
    sessionLimit: Count,
    children: Count,
    childLimit: Count,
    busy: Type.Number({ minimum: 0, maximum: 1 }),
  }),
})

const Claim = Type.Object({
  stream: StreamKey,
  origin: NodeId,
  epoch: Count,
  active: Type.Boolean(),
  description: Type.Object({
    tracks: Type.Array(Track, { maxItems: 16 }),
    owner: Type.Optional(Type.String({ maxLength: 64 })),
  }),
})

const Carrier = Type.Object({
  stream: StreamKey,
  node: NodeId,
  parent: Type.Optional(NodeId),
  depth: Type.Integer({ minimum: 0, maximum: 255 }),
  children: Count,
})

/**
 * A node's key. The versions are those of its two hashes when it last wrote them all: where the
 * hash shows another one, its node is about to say more.
 */
const Presence = Type.Object({
  incarnation: Count,
  claims: Count,
  carriers: Count,
  record: Node,
})
export type Presence = Static<typeof Presence> & { readonly record: NodeRecord }

// What one tells the others. A version one above the last that was heard of says that nothing of
// the node's hash was missed in between.
const Message = Type.Union([
  Type.Object({ kind: Type.Literal('node'), record: Node }),
  Type.Object({ kind: Type.Literal('left'), node: NodeId, incarnation: Count }),
  Type.Object({ kind: Type.Literal('claim'), version: Count, record: Claim }),
  Type.Object({
    kind: Type.Literal('ended'),
    version: Count,
    stream: StreamKey,
    node: NodeId,
    epoch: Count,
  }),
  Type.Object({ kind: Type.Literal('carrier'), version: Count, record: Carrier }),
  Type.Object({ kind: Type.Literal('dropped'), version: Count, stream: StreamKey, node: NodeId }),
])

type Read = Static<typeof Message>
export type Message =
  | Exclude<Read, { readonly kind: 'carrier' }>
  | { readonly kind: 'carrier'; readonly version: number; readonly record: CarrierRecord }

/** Of anything that is read, in characters: a claim with the longest description, and room. */
const longestText = 20 * 1024

// All of these: `undefined` for what is no such record, or says another name than its place does.

export function readMessage(text: string): Message | undefined {
  const value = parsed(Message, text)
  if (value?.kind === 'carrier') return { ...value, record: carrierOf(value.record) }
  return value
}

export function readPresence(node: string, text: string): Presence | undefined {
  const presence = parsed(Presence, text)
  return presence?.record.id === node ? presence : undefined
}

export function readClaim(node: string, stream: string, text: string): StreamRecord | undefined {
  const claim = parsed(Claim, text)
  return claim?.origin === node && claim.stream === stream ? claim : undefined
}

export function readCarrier(node: string, stream: string, text: string): CarrierRecord | undefined {
  const carrier = parsed(Carrier, text)
  return carrier?.node === node && carrier.stream === stream ? carrierOf(carrier) : undefined
}

export function isNodeId(text: string): boolean {
  return Value.Check(NodeId, text)
}

// JSON has no `undefined`: at the origin the member is missing.
function carrierOf(carrier: Static<typeof Carrier>): CarrierRecord {
  return { ...carrier, parent: carrier.parent }
}

function parsed<Schema extends TSchema>(schema: Schema, text: string): Static<Schema> | undefined {
  if (text.length > longestText) return undefined
  try {
    const value: unknown = JSON.parse(text)
    // What the schema does not name may be nested without end.
    return Value.Check(schema, value) ? (Value.Clean(schema, value) as typeof value) : undefined
  } catch {
    return undefined
  }
}
