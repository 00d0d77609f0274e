import { setTimeout as sleep } from 'node:timers/promises'
import { type Exchange, is4xx, resolved, told } from './caller.ts'
import { type Check, judge, NotOffered, NotSeen } from './check.ts'
import { type EventsSeen, readEvents, type ServerEvent } from './event-reader.ts'
import { type Link, readLinks } from './link-checks.ts'
import type { OpenSession } from './open-session.ts'
import type { Trial } from './trial.ts'

const rel = 'urn:ietf:params:whep:ext:core:server-sent-events'
const json = { 'content-type': 'application/json' }
/** Ms in which layers and viewers are told at least once. */
const patience = 4000

interface Announced {
  readonly session: OpenSession
  readonly link: Link
  readonly url: string
}

/** @throws NotOffered where the 201 announces no events */
export async function announced(trial: Trial, opened?: OpenSession): Promise<Announced> {
  const session = opened ?? (await trial.session())
  const link = readLinks(session.posted.headers.link).find(({ parameters }) => {
    return parameters.rel === rel
  })
  if (!link) throw new NotOffered('the 201 announces no server-sent events')
  return { session, link, url: resolved(link.target, session.posted.url) }
}

async function subscribe(
  trial: Trial,
  wanted?: readonly string[],
  opened?: OpenSession,
): Promise<{ readonly posted: Exchange; readonly url: string; readonly session: OpenSession }> {
  const { session, url } = await announced(trial, opened)
  const body = wanted === undefined ? undefined : JSON.stringify(wanted)
  const posted = await session.call(url, 'POST', body === undefined ? {} : json, body)
  const { location } = posted.headers
  if (posted.status !== 201 || location === undefined) throw new NotSeen(told(posted, 'location'))
  return { posted, url: resolved(location, url), session }
}

/** Events of a session that has media. */
async function eventsOf(trial: Trial, wanted: string, enough = 1): Promise<ServerEvent[]> {
  const { link } = await announced(trial)
  if (!(link.parameters.events ?? wanted).split(',').includes(wanted)) {
    throw new NotOffered(`${wanted} is not announced`)
  }
  const { url, session } = await subscribe(trial, [wanted])
  await session.peer()
  const seen = await readEvents(trial.caller, url, (events) => events.length >= enough, patience)
  const found = seen.events.filter(({ name }) => name === wanted)
  if (found.length === 0) throw new NotSeen(`no ${wanted} came within ${patience / 1000} s`)
  return found
}

function parsed({ data }: ServerEvent): unknown {
  try {
    return JSON.parse(data.join('\n'))
  } catch {
    return undefined
  }
}

function named(seen: EventsSeen): string {
  return [...new Set(seen.events.map(({ name }) => name))].toSorted().join(', ') || 'none'
}

/** Server-sent events (webrtc-http-egress-events). */
export const whepEvents: readonly Check[] = [
  {
    clause: 'WHEP-73',
    title: 'the 201 announces them by Link, with the events that there are',
    level: 'MUST',
    run: async (trial) => {
      const { link } = await announced(trial)
      return judge(true, `events="${link.parameters.events ?? ''}"`)
    },
  },
  {
    clause: 'WHEP-75',
    title: 'POST of a list of events is 201 with Location',
    level: 'MUST',
    run: async (trial) => {
      const { posted } = await subscribe(trial, ['active'])
      return judge(true, told(posted, 'location'))
    },
  },
  {
    clause: 'WHEP-76',
    title: 'an event that there is not is 400',
    level: 'MUST',
    run: async (trial) => {
      const { session, url } = await announced(trial)
      const posted = await session.call(url, 'POST', json, '["no-such-event"]')
      return judge(posted.status === 400, told(posted))
    },
  },
  {
    clause: 'WHEP-77',
    title: 'POST without a body asks for all',
    level: 'policy',
    run: async (trial) => judge(true, told((await subscribe(trial)).posted)),
  },
  {
    clause: 'WHEP-78',
    title: 'GET on the stream is 200 text/event-stream',
    level: 'practice',
    run: async (trial) => {
      const { url } = await subscribe(trial, ['active'])
      const seen = await readEvents(trial.caller, url, () => true, 500)
      const holds = seen.status === 200 && seen.type.startsWith('text/event-stream')
      return judge(holds, `GET ${seen.status}, content-type: ${seen.type}`)
    },
  },
  {
    clause: 'WHEP-79',
    title: 'each message has an event: line and one data: line',
    level: 'MUST',
    run: async (trial) => {
      const events = await eventsOf(trial, 'layers')
      const holds = events.every(({ data }) => data.length === 1)
      return judge(holds, holds ? 'one data: line' : 'several data: lines')
    },
  },
  {
    clause: 'WHEP-80',
    title: 'only events that were asked for come',
    level: 'MUST',
    run: async (trial) => {
      const { url, session } = await subscribe(trial, ['active'])
      await session.peer()
      const seen = await readEvents(trial.caller, url, () => false, 2500)
      const holds = seen.events.every(({ name }) => name === 'active')
      return judge(holds, `asked for active, came ${named(seen)}`)
    },
  },
  {
    clause: 'WHEP-82',
    title: 'DELETE ends a stream: then it is 404',
    level: 'MUST',
    run: async (trial) => {
      const { url, session } = await subscribe(trial, ['active'])
      const deleted = await session.call(url, 'DELETE')
      const seen = await readEvents(trial.caller, url, () => true, 500)
      return judge(seen.status === 404, `${told(deleted)}, then GET ${seen.status}`)
    },
  },
  {
    clause: 'WHEP-83',
    title: "a session's streams end with it",
    level: 'MUST',
    run: async (trial) => {
      const { url, session } = await subscribe(trial, ['active'], await trial.open())
      const reading = readEvents(trial.caller, url, () => false, 4000)
      await sleep(200)
      await session.delete()
      const { ended } = await reading
      const after = await readEvents(trial.caller, url, () => true, 500)
      const evidence = `${ended ? 'ended' : 'went on'}, then GET ${after.status}`
      return judge(ended && is4xx({ ...session.posted, status: after.status }), evidence)
    },
  },
  {
    clause: 'WHEP-85',
    title: 'GET on the announced URL itself is a stream: players open it without asking',
    level: 'practice',
    run: async (trial) => {
      const { url } = await announced(trial)
      const seen = await readEvents(trial.caller, url, () => true, 500)
      const holds = seen.status === 200 && seen.type.startsWith('text/event-stream')
      return judge(holds, `GET ${seen.status}, content-type: ${seen.type || '–'}`)
    },
  },
  {
    clause: 'WHEP-86',
    title: 'active comes at the start, with {} as data',
    level: 'MUST',
    run: async (trial) => {
      const [first] = await eventsOf(trial, 'active')
      return judge(first?.data.join() === '{}', `data: ${first?.data.join()}`)
    },
  },
  {
    clause: 'WHEP-88',
    title: 'layers is an object of m-line indexes, each with a list',
    level: 'MUST',
    run: async (trial) => {
      const layers = layersOf(await eventsOf(trial, 'layers'))
      const holds = layers.every(([index, list]) => /^\d+$/.test(index) && Array.isArray(list))
      return judge(holds && layers.length > 0, holds ? 'lists' : 'something else')
    },
  },
  {
    clause: 'WHEP-89',
    title: 'each layer has rid, spatialLayerId or temporalLayerId',
    level: 'MUST',
    run: async (trial) => {
      const layers = layersOf(await eventsOf(trial, 'layers')).flatMap(([, list]) => list)
      const members = layers.map((layer) => Object.keys(Object(layer)))
      const names = ['rid', 'spatialLayerId', 'temporalLayerId']
      const holds = members.every((own) => names.some((name) => own.includes(name)))
      return judge(holds, (members[0] ?? []).filter((name) => names.includes(name)).join(', '))
    },
  },
  {
    clause: 'WHEP-96',
    title: 'viewercount has a number',
    level: 'MUST',
    run: async (trial) => {
      const [first] = await eventsOf(trial, 'viewercount')
      const { viewercount } = Object(first && parsed(first))
      return judge(typeof viewercount === 'number', 'data: {"viewercount":N}')
    },
  },
]

function layersOf(events: readonly ServerEvent[]): [string, unknown[]][] {
  return Object.entries(Object(events.at(-1) && parsed(events.at(-1)!)))
}
