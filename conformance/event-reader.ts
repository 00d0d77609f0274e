import type { IncomingMessage } from 'node:http'
import { type Caller, Unanswered } from './caller.ts'

/** One message of an event stream (WHATWG HTML §9.2). */
export interface ServerEvent {
  readonly name: string
  /** A line each. */
  readonly data: readonly string[]
}

export interface EventsSeen {
  readonly status: number
  readonly type: string
  readonly events: readonly ServerEvent[]
  /** Whether the server ended the stream while it was read. */
  readonly ended: boolean
}

const headTimeout = 5000
const maxText = 256 * 1024

/**
 * Reads an event stream until `enough` holds, the server ends it, or `ms` are over.
 * @throws Unanswered
 */
export async function readEvents(
  caller: Caller,
  url: string,
  enough: (events: readonly ServerEvent[]) => boolean,
  ms: number,
): Promise<EventsSeen> {
  await caller.turn()
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), headTimeout)
  try {
    const response = await caller.http.open({
      method: 'GET',
      url,
      headers: { accept: 'text/event-stream' },
      signal: stop.signal,
    })
    clearTimeout(timer)
    const isStream = response.statusCode === 200
    const { text, ended } = await readText(response, enough, isStream ? ms : headTimeout)
    return {
      status: response.statusCode ?? 0,
      type: response.headers['content-type'] ?? '',
      events: parseEvents(text),
      ended,
    }
  } catch (cause) {
    throw new Unanswered('the event stream was not answered', { cause })
  } finally {
    clearTimeout(timer)
    stop.abort()
  }
}

function readText(
  response: IncomingMessage,
  enough: (events: readonly ServerEvent[]) => boolean,
  ms: number,
): Promise<{ readonly text: string; readonly ended: boolean }> {
  let text = ''
  const { promise, resolve } = Promise.withResolvers<{ text: string; ended: boolean }>()
  const timer = setTimeout(() => resolve({ text, ended: false }), ms)
  response.setEncoding('utf8')
  response.on('data', (part: string) => {
    text += part
    if (text.length > maxText || enough(parseEvents(text))) resolve({ text, ended: false })
  })
  response.once('end', () => resolve({ text, ended: true }))
  response.on('error', () => resolve({ text, ended: true }))
  return promise.finally(() => clearTimeout(timer))
}

/** Only messages that have come to their end. */
export function parseEvents(text: string): ServerEvent[] {
  const blocks = text.replaceAll('\r\n', '\n').split('\n\n').slice(0, -1)
  return blocks.flatMap((block) => {
    const lines = block.split('\n')
    const of = (field: string) =>
      lines
        .filter((line) => line.startsWith(`${field}:`))
        .map((line) => line.slice(field.length + 1).replace(/^ /, ''))
    const data = of('data')
    return data.length === 0 ? [] : [{ name: of('event')[0] ?? 'message', data }]
  })
}
