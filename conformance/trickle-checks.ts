import { type Exchange, isRefused, told } from './caller.ts'
import { type Finding, judge, NotOffered, NotSeen } from './check.ts'
import { candidate } from './offers.ts'
import type { OpenSession } from './open-session.ts'
import type { SharedCheck } from './shared.ts'
import type { Trial } from './trial.ts'

const tcpCandidate = 'a=candidate:8 1 tcp 1518280447 192.0.2.9 9 typ host tcptype active'
const localName =
  'a=candidate:9 1 udp 2122260223 0b9f1c2e-1f5c-4f0e-9c8a-3d6f5b7a9e10.local 50124 typ host'
const otherUfrag = `${candidate} ufrag XXXX`
const end = 'a=end-of-candidates'

/** A session whose server trickles. @throws NotOffered where it does not */
async function trickling(trial: Trial): Promise<OpenSession> {
  const session = await trial.session()
  const patched = await session.trickle()
  if ([404, 405, 422, 501].includes(patched.status)) throw new NotOffered(told(patched))
  return session
}

function taken(...patched: Exchange[]): Finding {
  const statuses = patched.map(({ status }) => status)
  return judge(
    statuses.every((status) => status === 204),
    `PATCH ${statuses.join(', ')}`,
  )
}

/** PATCH and trickle ICE (WHIP §4.3.1, §4.3.2; WHEP §4.5.1, §4.5.2). */
export const trickleChecks: readonly SharedCheck[] = [
  {
    whip: 49,
    whep: 47,
    title: 'PATCH takes application/trickle-ice-sdpfrag',
    level: 'SHOULD',
    run: async (trial) => taken(await (await trickling(trial)).trickle()),
  },
  {
    whip: 50,
    whep: 47,
    title: 'a PATCH of another media type is 4xx',
    level: 'MUST',
    run: async (trial) => {
      const session = await trial.session()
      const body = session.fragment()
      const patched = await session.patch(body, { type: 'text/plain', ifMatch: session.strongTag })
      return judge(isRefused(patched), told(patched))
    },
  },
  {
    whip: 51,
    whep: 47,
    title: 'a PATCH that is no fragment is 4xx',
    level: 'MUST',
    run: async (trial) => {
      const session = await trial.session()
      const patched = await session.patch('this is no fragment', { ifMatch: session.strongTag })
      return judge(isRefused(patched), told(patched))
    },
  },
  {
    whip: 54,
    title: 'PATCHes that overlap are each taken',
    level: 'policy',
    run: async (trial) => {
      const session = await trickling(trial)
      return taken(...(await Promise.all([session.trickle(), session.trickle([end])])))
    },
  },
  {
    whip: 56,
    whep: 49,
    title: 'PATCH without If-Match is 428 (or taken: clients send none)',
    level: 'MUST',
    accepts: 'IO-8, IO-9',
    run: async (trial) => {
      const session = await trickling(trial)
      const patched = await session.patch(session.fragment())
      return judge(patched.status === 428 || patched.status === 204, told(patched))
    },
  },
  {
    whip: 57,
    whep: 49,
    title: 'PATCH whose If-Match names another ICE session is 412',
    level: 'MUST',
    run: async (trial) => {
      const session = await tagged(trial)
      const patched = await session.patch(session.fragment(), { ifMatch: '"another"' })
      return judge(patched.status === 412, told(patched))
    },
  },
  {
    whip: 58,
    title: 'a PATCH that is refused changes nothing',
    level: 'practice',
    run: async (trial) => {
      const session = await tagged(trial)
      await session.patch(session.fragment(), { ifMatch: '"another"' })
      return taken(await session.trickle())
    },
  },
  {
    whip: 59,
    title: 'If-Match is a list, and weak tags never match (RFC 9110 §13.1.1)',
    level: 'practice',
    run: async (trial) => {
      const session = await tagged(trial)
      const tag = session.strongTag!
      const listed = await session.patch(session.fragment(), { ifMatch: `"another", ${tag}` })
      const weak = await session.patch(session.fragment(), { ifMatch: `W/${tag}` })
      const holds = listed.status === 204 && weak.status === 412
      return judge(holds, `list ${told(listed)}, weak ${told(weak)}`)
    },
  },
  {
    whip: 60,
    title: 'the media type is judged before the precondition',
    level: 'policy',
    run: async (trial) => {
      const session = await tagged(trial)
      const patch = { type: 'text/plain', ifMatch: '"another"' }
      const patched = await session.patch(session.fragment(), patch)
      return judge(patched.status === 415, told(patched))
    },
  },
  {
    whip: 68,
    whep: 59,
    title: 'a fragment of the tagged m-line alone is taken',
    level: 'MUST',
    run: async (trial) => taken(await (await trickling(trial)).trickle([candidate, end])),
  },
  {
    whip: 69,
    title: 'a candidate that came before changes nothing',
    level: 'policy',
    run: async (trial) => {
      const session = await trickling(trial)
      return taken(await session.trickle(), await session.trickle())
    },
  },
  {
    whip: 71,
    whep: 53,
    title: 'candidates are answered by 204, without body or ETag',
    level: 'MUST',
    run: async (trial) => {
      const patched = await (await trickling(trial)).trickle()
      const isBare = patched.body === '' && patched.headers.etag === undefined
      return judge(patched.status === 204 && isBare, told(patched, 'etag'))
    },
  },
  {
    whip: 72,
    whep: 54,
    title: 'a candidate of another transport is passed over',
    level: 'MUST',
    run: async (trial) => taken(await (await trickling(trial)).trickle([tcpCandidate, candidate])),
  },
  {
    whip: 73,
    whep: 54,
    title: 'a candidate whose name cannot be resolved is passed over',
    level: 'MUST',
    run: async (trial) => taken(await (await trickling(trial)).trickle([localName, candidate])),
  },
  {
    whip: 74,
    title: 'a fragment may have options, unknown lines and its end at session level',
    level: 'SHOULD',
    run: async (trial) => {
      const session = await trickling(trial)
      const body = `a=ice-options:trickle ice2\r\na=x-unknown:1\r\n${session.fragment()}`
      const patched = await session.patch(body, { ifMatch: session.strongTag })
      return taken(patched)
    },
  },
  {
    whip: 75,
    title: 'a fragment that is a whole SDP is 4xx',
    level: 'policy',
    run: async (trial) => {
      const session = await trickling(trial)
      const body = `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n${session.fragment()}`
      const patched = await session.patch(body, { ifMatch: session.strongTag })
      return judge(isRefused(patched), told(patched))
    },
  },
  {
    whip: 77,
    title: "a candidate of another generation's ufrag is passed over",
    level: 'practice',
    run: async (trial) => taken(await (await trickling(trial)).trickle([otherUfrag])),
  },
  {
    whip: 78,
    title: 'candidates after the end of candidates are passed over',
    level: 'policy',
    run: async (trial) => {
      const session = await trickling(trial)
      return taken(await session.trickle([end]), await session.trickle())
    },
  },
]

/** @throws NotSeen where no tag can be named */
async function tagged(trial: Trial): Promise<OpenSession> {
  const session = await trickling(trial)
  if (session.strongTag !== undefined) return session
  throw new NotSeen(`${told(session.posted, 'etag')}: no tag to name`)
}
