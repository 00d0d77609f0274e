import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '#core/errors.ts'
import { EventStreamReader, type StreamedEvent } from './event-stream-reader.ts'
import type { HttpClient } from './http-client.ts'

export interface SessionEventsOptions {
  readonly http: HttpClient
  /** Of the session, as its `Link` names it (WHEP extension `server-sent-events`). */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Which ones. */
  readonly events: readonly string[]
  readonly signal: AbortSignal
  /** Gets each. */
  readonly onEvent: (event: StreamedEvent) => void
  /** The connection broke, as an EventSource tells by `error`. It is made again. */
  readonly onBroken: () => void
}

/** A browser's wait before it connects again, in ms. */
const retryWait = 3000
/** For an answer, in ms. */
const patience = 8000

/**
 * Hears of a session what its server has to say, as a page does with an EventSource, until the
 * signal ends it.
 *
 * @returns what the server said no with, as failures are counted; undefined when the signal came
 */
export async function followEvents(options: SessionEventsOptions): Promise<string | undefined> {
  const { signal, onBroken } = options
  try {
    const location = await subscribe(options)
    if (typeof location === 'number') return `events http ${location}`
    while (!signal.aborted) {
      const status = await read(location, options)
      if (signal.aborted) return undefined
      onBroken()
      if (status !== undefined) return `events http ${status}`
      await sleep(retryWait, undefined, { signal })
    }
  } catch (error) {
    if (!signal.aborted) return `events: ${messageOf(error)}`
  }
  return undefined
}

/** @returns where to read, or the status of a refusal @throws where nobody answers */
async function subscribe(options: SessionEventsOptions): Promise<string | number> {
  const { http, url, headers, events, signal } = options
  const response = await http.request({
    method: 'POST',
    url,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(events),
    signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
  })
  const { location } = response.headers
  if (response.status !== 201 || !location || !URL.canParse(location, url)) return response.status
  return new URL(location, url).href
}

/** @returns when the connection is over; the status where there was none */
async function read(url: string, options: SessionEventsOptions): Promise<number | undefined> {
  const { http, headers, signal, onEvent } = options
  const reader = new EventStreamReader()
  try {
    const response = await http.open({
      method: 'GET',
      url,
      headers: { ...headers, accept: 'text/event-stream' },
      signal,
    })
    if (response.statusCode !== 200) {
      response.destroy()
      return response.statusCode
    }
    response.setEncoding('utf8')
    for await (const piece of response as AsyncIterable<string>) {
      for (const event of reader.push(piece)) onEvent(event)
    }
  } catch {
    // Broken, like one that has ended: the caller looks why.
  }
  return undefined
}
