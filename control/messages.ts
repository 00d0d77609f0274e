import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { Value } from 'typebox/value'
import { messageOf } from '#core/errors.ts'
import { Hello, Refused, Welcome } from './messages/opening.ts'
import {
  ClockChange,
  Inactive,
  Keyframe,
  Layers,
  NewEpoch,
  PathChange,
  Subscribe,
  Subscribed,
  Unsubscribe,
  Want,
} from './messages/subscription.ts'
import { Heartbeat, Move } from './messages/upkeep.ts'

/** What this program speaks best. It and the one before: what differs is decided link by link. */
export const protocolVersion = 1

/** Versions that a node speaks: a cluster is updated node by node, so the one before, too. */
export interface ProtocolRange {
  readonly oldest: number
  readonly newest: number
}

export const spokenVersions: ProtocolRange = {
  oldest: Math.max(1, protocolVersion - 1),
  newest: protocolVersion,
}

/** Bytes of one WebSocket message (RFC 6455 §5.6), in either direction. */
export const longestMessage = 64 * 1024

/** All that nodes say to each other on the control connection of a link, by `type`. */
export const messageSchemas = {
  hello: Hello,
  welcome: Welcome,
  refused: Refused,
  subscribe: Subscribe,
  subscribed: Subscribed,
  epoch: NewEpoch,
  want: Want,
  layers: Layers,
  keyframe: Keyframe,
  clock: ClockChange,
  inactive: Inactive,
  unsubscribe: Unsubscribe,
  path: PathChange,
  move: Move,
  heartbeat: Heartbeat,
} satisfies Record<string, TSchema>

type MessageType = keyof typeof messageSchemas
export type MessageOf<Name extends MessageType> = Static<(typeof messageSchemas)[Name]>
/** What a parent says of one subscription. */
export type SubscriptionMessage = MessageOf<
  'subscribed' | 'epoch' | 'layers' | 'clock' | 'inactive' | 'path'
>
export type Message = { [Name in MessageType]: MessageOf<Name> }[MessageType]

/** A type that this version does not have: of a newer node, and to be ignored. */
export interface UnknownMessage {
  readonly unknown: string
}

/** Text that is none of our messages. The connection it came on is of no more use. */
export interface BrokenMessage {
  /** What is wrong, for the log. Holds nothing of the message but names of fields. */
  readonly fault: string
}

// Heartbeats of some hundred links are thousands a second: compiled, a check takes 0.4 µs, not 16.
const checks = new Map(
  Object.entries(messageSchemas).map(([type, schema]) => [
    type,
    { schema, compiled: Compile(schema as TSchema) },
  ]),
)

/** The longest name that a type can have; it goes into logs. */
const typeForm = /^[a-z][a-z0-9-]{0,31}$/

/**
 * Reads one WebSocket message. Never throws. Strings, lists and the message as a whole are bounded,
 * and so is its depth: what the schemas do not name is dropped without a look.
 */
export function readMessage(text: string): Message | UnknownMessage | BrokenMessage {
  // No character takes less than a byte: most that is too long is seen without counting.
  if (text.length > longestMessage || Buffer.byteLength(text) > longestMessage) {
    return { fault: `is longer than ${longestMessage} bytes` }
  }
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return { fault: 'is no JSON' }
  }
  if (typeof parsed !== 'object' || parsed === null || !('type' in parsed)) {
    return { fault: 'has no type' }
  }
  const { type } = parsed
  if (typeof type !== 'string' || !typeForm.test(type)) return { fault: 'has no type' }
  const check = checks.get(type)
  if (!check) return { unknown: type }
  if (!check.compiled.Check(parsed)) return { fault: `"${type}" ${faultOf(check.schema, parsed)}` }
  return Value.Clean(check.schema, parsed) as Message
}

/** @returns undefined for what is longer than a message may be: say less, parameter sets first */
export function writeMessage(message: Message): string | undefined {
  const text = JSON.stringify(message)
  return Buffer.byteLength(text) <= longestMessage ? text : undefined
}

/** What the other side would find wrong with a message of ours; undefined for nothing. */
export function faultOfOwn(message: Message): string | undefined {
  const check = checks.get(message.type)!
  if (!check.compiled.Check(message)) return faultOf(check.schema, message)
  return writeMessage(message) === undefined ? `is longer than ${longestMessage} bytes` : undefined
}

/** The newest version that both speak; undefined where there is none. */
export function chooseVersion(ours: ProtocolRange, theirs: ProtocolRange): number | undefined {
  const newest = Math.min(ours.newest, theirs.newest)
  return newest >= Math.max(ours.oldest, theirs.oldest) ? newest : undefined
}

function faultOf(schema: TSchema, value: unknown): string {
  try {
    const [first] = Value.Errors(schema, value)
    return first ? `is wrong at "${first.instancePath}": ${first.message}` : 'is of the wrong form'
  } catch (error) {
    return `is of the wrong form: ${messageOf(error)}`
  }
}
