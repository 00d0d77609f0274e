import type { FastifyRequest } from 'fastify'
import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { bodyOf } from './bodies.ts'
import { HttpError } from './http-error.ts'

export const jsonType = 'application/json'
/** In bytes; larger bodies are answered with 413 (SEC-34). */
export const largestJson = 4096
/** Arrays and objects within one another. */
const deepest = 4

// Over JSON that has parsed: its strings with a colon behind them, and its brackets.
const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[[\]{}]/g

/**
 * The JSON in a body that `bodyOf` takes.
 * @throws HttpError 415 for another type, 400 for what is no JSON, names a member twice, or is
 *   nested more than four deep (SEC-34)
 */
export function jsonOf(request: FastifyRequest): unknown {
  const text = bodyOf(request, jsonType)
  const value = parse(text)
  // The parser lets the last of two members of a name win; who checked the first is deceived.
  const open: Set<unknown>[] = []
  for (const [found, colon] of text.matchAll(token)) {
    if (colon !== undefined) addName(open.at(-1), JSON.parse(found.slice(0, -colon.length)))
    else if (found === '{' || found === '[') open.push(new Set())
    else if (found === '}' || found === ']') open.pop()
    if (open.length > deepest) throw new HttpError(400, `the body nests over ${deepest} deep`)
  }
  return value
}

/**
 * What a body says, if it is as the schema has it.
 *
 * @param shape of what to send instead, as the refusal ends
 * @throws HttpError 400 that names the first member at fault
 */
export function checkedJson<Schema extends TSchema>(
  schema: Schema,
  body: unknown,
  shape: string,
): Static<Schema> {
  if (Value.Check(schema, body)) return body
  const [fault] = Value.Errors(schema, body)
  const where = fault?.instancePath.slice(1).replaceAll('/', '.') || 'the body'
  throw new HttpError(400, `${where} ${fault?.message ?? 'is wrong'}: send ${shape}`)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new HttpError(400, 'the body is no JSON')
  }
}

function addName(names: Set<unknown> | undefined, name: unknown): void {
  if (names?.has(name)) throw new HttpError(400, 'the body names a member twice')
  names?.add(name)
}
